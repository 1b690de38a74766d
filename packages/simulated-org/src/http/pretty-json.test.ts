import assert from 'node:assert/strict';
import { test } from 'node:test';
import { prettyJson } from './pretty-json.ts';

const page =
  '{"totalSize":2,"done":true,"records":[{"attributes":{"type":"Account"},"Name":"A \\" , {","Amount":1.50},{"attributes":{"type":"Account"},"Name":null,"Amount":-2}]}';

test('a page is laid out as Salesforce lays it out', () => {
  assert.equal(
    prettyJson(page),
    [
      '{',
      '  "totalSize" : 2,',
      '  "done" : true,',
      '  "records" : [ {',
      '    "attributes" : {',
      '      "type" : "Account"',
      '    },',
      '    "Name" : "A \\" , {",',
      '    "Amount" : 1.50',
      '  }, {',
      '    "attributes" : {',
      '      "type" : "Account"',
      '    },',
      '    "Name" : null,',
      '    "Amount" : -2',
      '  } ]',
      '}',
    ].join('\n'),
  );
});

test('an empty object or list stays on one line', () => {
  assert.equal(
    prettyJson('[{"id":"1","errors":[],"httpHeaders":{}}]'),
    '[ {\n  "id" : "1",\n  "errors" : [ ],\n  "httpHeaders" : { }\n} ]',
  );
});
