import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fault } from './faults.ts';
import { interruption, RequestError, usageError } from './request-error.ts';
import { about, tryAll } from './wrong-members.ts';

const refused = async (work: Promise<unknown>): Promise<RequestError> => {
  const error = await work.then(
    () => assert.fail('it is refused'),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof RequestError);
  return error;
};
const fieldsOf = ({ errors }: RequestError) => errors.map(({ field, code }) => `${field} ${code}`);

test('a refusal names the member of the member, however deep the work is', async () => {
  const error = await refused(
    about('destination', () =>
      about('tunnel', () =>
        about('key', () => {
          throw usageError('It is no key', 'Give one.');
        }),
      ),
    ),
  );
  assert.deepEqual(error.errors, [
    { field: 'destination.tunnel.key', reason: 'It is no key', code: '', next: 'Give one.' },
  ]);
});

test('steps are all tried, and what is wrong with each is told in their order', async () => {
  const tried: number[] = [];
  const step = (nth: number, error?: Error) => () => {
    tried.push(nth);
    if (error) throw error;
    return nth;
  };
  const error = await refused(
    tryAll<unknown[]>([
      step(1),
      step(2, new Fault('SYS-23')),
      () => about('objects', () => tryAll<number[]>([step(3, usageError('a')), step(4, usageError('b'))])),
      step(5),
    ]),
  );
  assert.deepEqual(tried, [1, 2, 3, 4, 5]);
  assert.deepEqual(fieldsOf(error), [' SYS-23', 'objects ', 'objects ']);
  assert.deepEqual([error.label, error.kind], ['SYS-23', 'not healthy'], 'it reads as the first');
  assert.deepEqual(await tryAll<number[]>([step(6), step(7)]), [6, 7]);
});

test('what is no refusal ends all steps at once, as it is', async () => {
  for (const error of [new TypeError('a bug'), interruption()]) {
    const steps = [() => Promise.reject(error), () => assert.fail('it is not tried')];
    await assert.rejects(tryAll(steps), (thrown) => thrown === error);
  }
});
