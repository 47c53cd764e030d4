import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { canonicalText, MAX_POLICY, parsePolicyText } from './canonical.ts';
import { evaluate, type Trace } from './evaluate.ts';
import { type Condition, normalAuthority, operators, PolicyError, readPolicy } from './grammar.ts';
import { policyWarnings } from './never-passes.ts';

const A = 'https://a.localhost';
const policyOf = (condition: object): unknown => ({ version: '1.0.0', anyOf: [{ authority: A, ...condition }] });
const conditionOf = (condition: object): Condition =>
  readPolicy(policyOf({ allOf: [condition] })).authorities[0]?.condition ?? assert.fail('no authority');
const passes = (condition: object, claims: Record<string, unknown>): boolean =>
  evaluate(conditionOf(condition), claims).passes;

test('every operator decides as its row says', () => {
  const rows: readonly (readonly [operator: string, expected: unknown, actual: unknown, passes: boolean])[] = [
    ['equals', 'a', 'a', true],
    ['equals', 'a', 'A', false],
    ['equals', 1, 1, true],
    ['equals', 1, '1', false],
    ['equals', true, true, true],
    ['equals', 'true', true, true],
    ['equals', true, 'true', true],
    ['equals', 'True', true, false],
    ['equals', 'false', false, true],
    ['equals', 'a', ['a'], false],
    ['equals', 'a', { a: 1 }, false],
    ['equals', 'a', null, false],
    ['notEquals', 'a', 'b', true],
    ['notEquals', 'a', 'a', false],
    ['notEquals', 'true', true, false],
    ['notEquals', 1, '1', true],
    ['notEquals', 'a', ['a'], false],
    ['less', 2, 1, true],
    ['less', 2, 2, false],
    ['lessOrEquals', 2, 2, true],
    ['lessOrEquals', 2, 3, false],
    ['greater', 2, 3, true],
    ['greater', 2, 2, false],
    ['greaterOrEquals', 2, 2, true],
    ['greaterOrEquals', 2, 1, false],
    ['greater', 2, '3', false],
    ['less', 2, true, false],
    ['exists', true, 0, true],
    ['exists', true, null, true],
    ['exists', 'true', 0, true],
    ['exists', false, 0, false],
  ];
  for (const [operator, expected, actual, wanted] of rows) {
    const what = `${JSON.stringify(actual)} ${operator} ${JSON.stringify(expected)}`;
    assert.equal(passes({ claim: 'c', [operator]: expected }, { c: actual }), wanted, what);
  }
  assert.deepEqual(new Set(rows.map(([operator]) => operator)), new Set(Object.keys(operators)));
});

test('a missing claim meets nothing but its own absence', () => {
  for (const operator of Object.keys(operators)) {
    const value = operator === 'exists' ? true : 1;
    assert.equal(passes({ claim: 'c', [operator]: value }, {}), false, operator);
  }
  assert.equal(passes({ claim: 'c', exists: false }, {}), true);
});

test('paths lead through objects, not through lists or what objects inherit', () => {
  const claims = { a: { b: { c: 1 } }, list: [1], 'a.b': 2 };
  assert.equal(passes({ claim: 'a.b.c', equals: 1 }, claims), true);
  for (const claim of ['a.b.d', 'a.x.c', 'list.0', 'list.length', 'toString', '__proto__', 'a.constructor', 'a.b']) {
    assert.equal(passes({ claim, equals: 1 }, claims), false, claim);
    if (claim !== 'a.b') assert.equal(passes({ claim, exists: true }, claims), false, claim);
  }
});

test('anyOf and allOf nest, and the trace agrees with the verdict', () => {
  const yes = fc.constant({ claim: 'y', equals: 1 });
  const no = fc.constant({ claim: 'n', equals: 1 });
  const { tree } = fc.letrec<{ tree: object }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4 },
      yes,
      no,
      fc.record({ allOf: fc.array(tie('tree'), { minLength: 1, maxLength: 3 }) }),
      fc.record({ anyOf: fc.array(tie('tree'), { minLength: 1, maxLength: 3 }) }),
    ),
  }));
  const expected = (node: object): boolean => {
    if ('allOf' in node) return (node.allOf as object[]).every(expected);
    if ('anyOf' in node) return (node.anyOf as object[]).some(expected);
    return (node as { claim: string }).claim === 'y';
  };
  const agrees = (trace: Trace): boolean => {
    if (trace.kind === 'claim') return true;
    const parts = trace.parts.map(({ passes: passed }) => passed);
    const own = trace.kind === 'allOf' ? parts.every(Boolean) : parts.some(Boolean);
    return own === trace.passes && trace.parts.every(agrees);
  };
  fc.assert(
    fc.property(tree, (node) => {
      const trace = evaluate(conditionOf(node), { y: 1, n: 2 });
      assert.equal(trace.passes, expected(node));
      assert.ok(agrees(trace));
    }),
  );
});

test('what the grammar does not have is refused at its place', () => {
  const deep = (depth: number): object => (depth === 0 ? { claim: 'a', equals: 1 } : { allOf: [deep(depth - 1)] });
  const cases: readonly (readonly [unknown, RegExp])[] = [
    [[], /^policy: must be an object/],
    [{ anyOf: [] }, /^version/],
    [{ version: '2.0', anyOf: [] }, /^version/],
    [{ version: '1.0.0' }, /^anyOf: must be a list/],
    [{ version: '1.0.0', anyOf: [] }, /^anyOf: must be a list/],
    [{ version: '1.0.0', allOf: [] }, /unknown member 'allOf'/],
    [{ version: '1.0.0', anyOf: [{}] }, /^anyOf\[0\].authority/],
    [{ version: '1.0.0', anyOf: [{ authority: 'http://a', allOf: [] }] }, /^anyOf\[0\].authority/],
    [{ version: '1.0.0', anyOf: [{ authority: A }] }, /^anyOf\[0\]: needs allOf or anyOf/],
    [policyOf({ allOf: [], anyOf: [] }), /exactly one/],
    [policyOf({ allOf: [] }), /^anyOf\[0\].allOf: must be a list with at least one/],
    [policyOf({ allOf: [{ claim: 'a' }] }), /^anyOf\[0\].allOf\[0\]: must have exactly one of equals/],
    [policyOf({ allOf: [{ claim: 'a', equals: 1, less: 2 }] }), /exactly one/],
    [policyOf({ allOf: [{ claim: 'a', matches: 1 }] }), /exactly one/],
    [policyOf({ allOf: [{ claim: 'a', toString: 1 }] }), /exactly one/],
    [policyOf({ allOf: [{ claim: 'a..b', equals: 1 }] }), /path of a claim/],
    [policyOf({ allOf: [{ claim: '', equals: 1 }] }), /path of a claim/],
    [policyOf({ allOf: [{ claim: 'a', equals: null }] }), /must be a string, a number/],
    [policyOf({ allOf: [{ claim: 'a', equals: ['a'] }] }), /must be a string, a number/],
    [policyOf({ allOf: [{ claim: 'a', less: '1' }] }), /must be a number/],
    [policyOf({ allOf: [{ claim: 'a', exists: 1 }] }), /must be true or false/],
    [policyOf({ allOf: [{ claim: 'a', equals: 2 ** 60 }] }), /too large/],
    [policyOf({ allOf: [deep(16)] }), /nested more than/],
    [policyOf({ allOf: [{ anyOf: [{ claim: 'a', equals: 1 }], note: 'x' }] }), /exactly one of claim/],
  ];
  for (const [value, message] of cases) {
    assert.throws(
      () => readPolicy(value),
      (error) => error instanceof PolicyError && message.test(error.message),
      String(message),
    );
  }
  readPolicy(policyOf({ allOf: [deep(15)] }));
});

test('the text of a policy is bounded and is JSON', () => {
  assert.throws(() => parsePolicyText(Buffer.alloc(MAX_POLICY + 1, ' ')), PolicyError);
  assert.throws(() => parsePolicyText(Buffer.from('{')), PolicyError);
  assert.throws(() => parsePolicyText(Buffer.from([0x22, 0xff, 0x22])), PolicyError);
});

test('the canonical text does not depend on how a policy was written, and means the same', () => {
  const shuffled = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(shuffled);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value)
        .reverse()
        .map(([name, member]) => [name, shuffled(member)]),
    );
  };
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = canonicalText(value);
      assert.equal(canonicalText(shuffled(value)), text);
      assert.equal(canonicalText(JSON.parse(text)), text);
      assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(value)));
    }),
  );
});

test('authorities compare by address, whatever slash stands at the end', () => {
  assert.equal(normalAuthority('https://A.localhost/'), A);
  assert.equal(normalAuthority('https://a.localhost:443'), A);
  assert.equal(normalAuthority('https://a.localhost/x/'), `${A}/x`);
  assert.notEqual(normalAuthority('https://a.localhost/x'), normalAuthority('https://a.localhost/X'));
  for (const bad of ['', 'a', 'http://a', 'https://u@a', 'https://a?b', 'https://a#b', `https://${'a'.repeat(2000)}`]) {
    assert.equal(normalAuthority(bad), undefined, bad);
  }
});

test('contradictions are found', () => {
  const never = (condition: object): boolean => policyWarnings(readPolicy(policyOf(condition))).length > 0;
  const claim = (name: string, operator: string, value: unknown): object => ({ claim: name, [operator]: value });
  assert.equal(never({ allOf: [claim('a', 'equals', 1), claim('a', 'equals', 2)] }), true);
  assert.equal(never({ allOf: [claim('a', 'equals', 1), claim('b', 'equals', 2)] }), false);
  assert.equal(never({ anyOf: [claim('a', 'equals', 1), claim('a', 'equals', 2)] }), false);
  assert.equal(never({ allOf: [claim('a', 'equals', 'true'), claim('a', 'equals', true)] }), false);
  assert.equal(never({ allOf: [claim('a', 'equals', 1), claim('a', 'notEquals', 1)] }), true);
  assert.equal(never({ allOf: [claim('a', 'exists', false), claim('a', 'notEquals', 1)] }), true);
  assert.equal(never({ allOf: [claim('a', 'greater', 1), claim('a', 'less', 2)] }), false);
  assert.equal(never({ allOf: [claim('a', 'greater', 2), claim('a', 'less', 2)] }), true);
  assert.equal(never({ allOf: [claim('a', 'less', -5)] }), false);
  assert.equal(never({ allOf: [claim('a', 'equals', 'x'), claim('a', 'less', 2)] }), true);
  const branches = { anyOf: [claim('a', 'equals', 2), { allOf: [claim('a', 'equals', 3)] }] };
  assert.equal(never({ allOf: [claim('a', 'equals', 1), branches] }), true);
  assert.equal(never({ allOf: [claim('a', 'equals', 3), branches] }), false);
  assert.equal(never({ allOf: [claim('a', 'equals', 1), { allOf: [claim('a', 'equals', 2)] }] }), true);
});

test('a policy that is warned about passes for no claims', () => {
  const value = fc.constantFrom(1, 2, 'x', true);
  const number = fc.integer({ min: 0, max: 3 });
  const leaf = fc.oneof(
    fc.record({ claim: fc.constantFrom('a', 'b'), equals: value }),
    fc.record({ claim: fc.constantFrom('a', 'b'), notEquals: value }),
    fc.record({ claim: fc.constantFrom('a', 'b'), less: number }),
    fc.record({ claim: fc.constantFrom('a', 'b'), greaterOrEquals: number }),
    fc.record({ claim: fc.constantFrom('a', 'b'), exists: fc.boolean() }),
  );
  const { tree } = fc.letrec<{ tree: object }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 3 },
      leaf,
      fc.record({ allOf: fc.array(tie('tree'), { minLength: 1, maxLength: 4 }) }),
      fc.record({ anyOf: fc.array(tie('tree'), { minLength: 1, maxLength: 3 }) }),
    ),
  }));
  const candidates = [undefined, -1, 0, 0.5, 1, 1.5, 2, 3, 4, 'x', 'y', true, false];
  fc.assert(
    fc.property(tree, (node) => {
      if (policyWarnings(readPolicy(policyOf({ allOf: [node] }))).length === 0) return;
      const condition = conditionOf(node);
      for (const a of candidates)
        for (const b of candidates) {
          const claims = { ...(a === undefined ? {} : { a }), ...(b === undefined ? {} : { b }) };
          assert.equal(evaluate(condition, claims).passes, false, JSON.stringify({ node, claims }));
        }
    }),
    { numRuns: 300 },
  );
});

test('a policy of the greatest size is judged quickly', () => {
  const many = Array.from({ length: 330 }, (_, at) => ({ claim: 'a', less: at }));
  const policy = readPolicy(policyOf({ allOf: [...many.slice(0, 160), { anyOf: many.slice(160) }] }));
  // Not the time by the clock, which is also what other processes take.
  const start = process.cpuUsage();
  policyWarnings(policy);
  assert.ok(process.cpuUsage(start).user < 1_000_000);
});

test('the older spelling of a condition means, and becomes, the one of today', () => {
  const older = policyOf({
    allOf: [
      { claim: 'c', condition: 'equals', value: 'true' },
      { anyOf: [{ claim: 'd', value: 3, condition: 'less' }] },
    ],
  });
  const today = policyOf({ allOf: [{ claim: 'c', equals: 'true' }, { anyOf: [{ claim: 'd', less: 3 }] }] });
  assert.deepEqual(readPolicy(older), readPolicy(today));
  assert.equal(canonicalText(older), canonicalText(today));
  for (const condition of ['__proto__', 'Equals', 'claim', '', 1, null]) {
    assert.throws(() => readPolicy(policyOf({ allOf: [{ claim: 'c', condition, value: 1 }] })), PolicyError);
  }
  for (const wrong of [
    { claim: 'c', condition: 'equals' },
    { claim: 'c', value: 1 },
    { condition: 'equals', value: 1 },
    { claim: 'c', condition: 'equals', value: 1, equals: 1 },
    { claim: 'c', condition: 'equals', value: [1] },
  ]) {
    assert.throws(() => readPolicy(policyOf({ allOf: [wrong] })), PolicyError, JSON.stringify(wrong));
  }
});

test('a policy that can be read in two ways is refused', () => {
  const text = `{"version":"1.0.0","anyOf":[{"authority":"${A}","allOf":[{"claim":"c","equals":"strict"}]}],"\\u0061nyOf":[]}`;
  const nested = `{"version":"1.0.0","anyOf":[{"authority":"${A}","allOf":[{"claim":"c","equals":1,"equals":2}]}]}`;
  for (const each of [text, nested]) {
    assert.throws(
      () => parsePolicyText(Buffer.from(each)),
      (error) => error instanceof PolicyError && /^policy: .* twice/.test(error.message),
    );
  }
});
