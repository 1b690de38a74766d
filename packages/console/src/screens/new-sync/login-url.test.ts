import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loginUrlOf } from './login-url.ts';

test('whatever form of the address somebody has at hand leads to where the org signs people in', () => {
  const addresses = {
    '': '',
    acme: 'https://acme.my.salesforce.com',
    'acme--dev.sandbox.my.salesforce.com': 'https://acme--dev.sandbox.my.salesforce.com',
    'https://acme.my.salesforce.com/home?sid=secret': 'https://acme.my.salesforce.com',
    'https://acme.lightning.force.com/lightning/page/home': 'https://acme.my.salesforce.com',
    'https://acme-dev-ed.develop.lightning.force.com/': 'https://acme-dev-ed.develop.my.salesforce.com',
    'https://acme.my.salesforce-setup.com/lightning/setup': 'https://acme.my.salesforce.com',
    'http://127.0.0.1:8402': 'http://127.0.0.1:8402',
    'http://localhost:8402/': 'http://localhost:8402',
  };
  for (const [given, wanted] of Object.entries(addresses)) assert.equal(loginUrlOf(given), wanted, given);
});
