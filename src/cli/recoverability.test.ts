// Whether an instance could be recovered: what of it is shown, and what makes `status` say no.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isWell, type Recoverability, recoverabilityOf, recoverabilityText } from './recoverability.ts';

const WEST = { 'hsm-name': 'west', data: '/srv/my data' };
const GOOD: Recoverability = {
  custodians: { margin: 1, reachable: 3, required: 2, warnings: [] },
  rehearsals: [{ depth: 'full', overdue: false, summary: 'passed 2026-03-01, due 2027-03-02' }],
};
const short = (margin: number): Recoverability => ({
  ...GOOD,
  custodians: { margin, reachable: 2 + margin, required: 2, warnings: ['Only so many'] },
});
const rehearsed = (more: object): Recoverability => ({
  ...GOOD,
  rehearsals: [{ depth: 'full', overdue: false, summary: 'so it is', ...more }],
});

test('a margin below 0 is not well where it counts; 0 is told of', () => {
  assert.equal(isWell(GOOD, true), true);
  assert.equal(isWell(short(0), true), true);
  assert.equal(isWell(short(-1), true), false);
  assert.equal(isWell(short(-1), false), true);
  assert.match(
    recoverabilityText(short(0), WEST),
    /^ {2}custodians: margin 0 \(2 reachable, 2 needed\)\n {4}Only so many\n/,
  );
});

test('what is overdue or has failed is not well', () => {
  assert.equal(isWell(rehearsed({ overdue: true }), false), false);
  assert.equal(isWell(rehearsed({ lastFailed: '2026-04-01T00:01:00.000Z' }), false), false);
  assert.match(recoverabilityText(rehearsed({}), WEST), /\n {2}rehearsed full: so it is\n$/);
});

test('shares that were not shown to open are said to be, with what shows it', () => {
  const fresh = {
    ...GOOD,
    custodians: { margin: -2, reachable: 0, required: 2, unproven: 3, warnings: ['3 of 3 have not shown it'] },
  };
  const next =
    '    3 of 3 have not shown it\n' +
    '    next: every custodian shows it, with the security-domain file: ./strongroom custodian acknowledge FILE --key KEY.pem\n' +
    "          and the packets that they make are handed in: ./strongroom custodian submit PACKET... --hsm-name west --data '/srv/my data'\n";
  assert.ok(recoverabilityText(fresh, WEST).includes(next), recoverabilityText(fresh, WEST));
  assert.doesNotMatch(
    recoverabilityText({ ...fresh, custodians: { ...fresh.custodians, unproven: 0 } }, WEST),
    /next:/,
  );
});

test('what is to be done is a command for this very instance', () => {
  const place = "--hsm-name west --data '/srv/my data'";
  const both = rehearsed({ overdue: true, lastFailed: '2026-04-01T00:01:00.000Z' });
  assert.ok(
    recoverabilityText(both, WEST).endsWith(
      `full: so it is; why: ./strongroom rehearse status ${place}; next: ` +
        `./strongroom rehearse --depth full --domain FILE --samples FILE --packets DIR ${place}\n`,
    ),
  );
  const failed = rehearsed({ lastFailed: '2026-04-01T00:01:00.000Z' });
  assert.match(
    recoverabilityText(failed, WEST),
    /; next: \.\/strongroom rehearse --depth full /,
    'another has to pass',
  );
  const far = { 'hsm-name': 'dev', url: 'https://west.example', ca: 'ca.pem', as: 'az' };
  const next =
    'full --domain FILE --samples FILE --packets DIR --backup URI --url https://west.example --ca ca.pem --as az';
  assert.ok(
    recoverabilityText(rehearsed({ overdue: true }), far).endsWith(`; next: ./strongroom rehearse --depth ${next}\n`),
  );
});

test('what is not known looks like nothing good, and who asks what as whom is said', () => {
  const unknown = { custodians: { unknown: 'no role' }, rehearsals: { unknown: 'no role' }, refused: 'no role' };
  for (const countsMargin of [true, false]) assert.equal(isWell(unknown, countsMargin), false);
  const ask =
    "  asked, it does not answer: no role\n    one whom it answers asks: ./strongroom custodian list --hsm-name west --data '/srv/my data' --as WHO\n    WHO: az";
  assert.ok(recoverabilityText(unknown, WEST).startsWith(`  custodians: not known\n  rehearsals: not known\n${ask}`));
  const nobody = { ...GOOD, custodians: { warnings: ['download the security domain'] } };
  assert.match(recoverabilityText(nobody, WEST), /^ {2}custodians: not known\n {4}download the security domain\n/);
  assert.deepEqual([isWell(nobody, true), isWell(nobody, false)], [false, true]);
});

test('whom the instance does not answer sees what it says of itself, and that others do what is next', async () => {
  const own = {
    custodians: {
      seen: true,
      margin: -2,
      reachable: 0,
      required: 2,
      unproven: 3,
      warnings: ['3 of 3 have not shown it'],
    },
    rehearsals: [{ depth: 'full', overdue: true, summary: 'never passed, OVERDUE' }],
  } as const;
  const shown = await recoverabilityOf('/nothing/serves/here', 'west', own);
  assert.equal(isWell(shown, true), false);
  const text = recoverabilityText(shown, WEST);
  assert.match(text, /^ {2}custodians: margin -2 \(0 reachable, 2 needed\)\n {4}3 of 3 have not shown it\n {4}next: /);
  assert.match(text, /custodian submit PACKET\.\.\. --hsm-name west --data '\/srv\/my data' --as WHO\n/);
  assert.match(text, /never passed, OVERDUE; next: .* --as WHO\n {2}asked, it does not answer: .*\n {4}WHO: az/);
  assert.ok('unknown' in (await recoverabilityOf('/nothing/serves/here', 'west', undefined)).custodians);
});

test('whom network rules shut out is sent to the rules, not to other people', () => {
  const refused = "instance 'west' answered 403 Forbidden: Client address (127.0.0.1) is not authorized";
  const text = recoverabilityText({ ...rehearsed({ overdue: true }), refused, isShutOut: true }, WEST);
  assert.doesNotMatch(text, /WHO/);
  assert.match(
    text,
    /network revert west --data '\/srv\/my data'\n.*network apply west --allow RANGE --data '\/srv\/my data'\n/,
  );
  const disabled = 'answered 403 Forbidden: Public network access is disabled and the request is not from';
  assert.match(
    recoverabilityText({ ...GOOD, refused: disabled, isShutOut: true }, WEST),
    /network apply west --public-access enabled --data/,
  );
});
