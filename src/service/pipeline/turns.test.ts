import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import fc from 'fast-check';
import type { Outcome } from '../../http/answer.ts';
import type { Call, WholeCall } from '../../http/call.ts';
import { HEAVIEST } from '../../http/route.ts';
import { FairTurns, openLoopTurns, operationLimits, REQUESTS } from './turns.ts';

const OPERATIONS = operationLimits(4);

/** Turns of which is told who got one, in order; what is at work ends when it is told to. */
function opened(limits = OPERATIONS) {
  let now = 0;
  const turns = new FairTurns(limits, () => now);
  const served: string[] = [];
  const refused: string[] = [];
  const enter = (name: string, weight = 1): void => {
    turns.notice(name);
    const turn = turns.enter(name, weight);
    if (turn === undefined) served.push(name);
    else
      turn.then(
        () => served.push(name),
        () => refused.push(name),
      );
  };
  const leave = async (name: string, weight = 1): Promise<void> => {
    turns.leave(name, weight);
    await Promise.resolve();
  };
  return { turns, served, refused, enter, leave, at: (ms: number) => void (now = ms) };
}

describe('heavy operations take turns', () => {
  it('lets who is alone have hundreds at work, and each of several a share', async () => {
    const { served, enter, leave } = opened();
    for (let n = 0; n < 200; n++) enter('loud');
    assert.equal(served.length, 200);
    enter('quiet');
    assert.equal(served.at(-1), 'quiet', 'everybody may have one at work');
    enter('quiet');
    enter('loud');
    for (let n = 0; n < 193; n++) await leave('loud');
    assert.equal(served.length, 201, 'what was given to the module before is done first');
    await leave('loud');
    await leave('loud');
    assert.deepEqual(served.slice(201), ['quiet', 'loud']);
  });

  it('serves those who wait in turn, however many connections one of them has', async () => {
    const { served, enter, leave } = opened();
    enter('other');
    for (let n = 0; n < 8; n++) enter('loud');
    const before = served.length;
    for (let n = 0; n < 50; n++) enter('loud');
    for (let n = 0; n < 3; n++) enter('other');
    for (let n = 0; n < 8; n++) await leave('loud');
    assert.deepEqual(served.slice(before, before + 6), ['loud', 'other', 'loud', 'other', 'loud', 'other']);
  });

  it('counts what is heavier as more, and never keeps one from its first', async () => {
    const { served, enter, leave } = opened();
    enter('a', 6);
    enter('b', 6);
    enter('a', 1);
    assert.deepEqual(served, ['a', 'b']);
    await leave('b', 6);
    assert.deepEqual(served, ['a', 'b', 'a']);
  });

  it('lets nobody have two of the heaviest at work among others, and who is alone a dozen', () => {
    const { served, enter } = opened();
    for (let n = 0; n < 12; n++) enter('loud', HEAVIEST);
    assert.equal(served.length, 12);
    const { served: among, enter: ask } = opened();
    ask('quiet');
    ask('loud', HEAVIEST);
    ask('loud', HEAVIEST);
    ask('loud');
    assert.deepEqual(among, ['quiet', 'loud']);
  });

  it('refuses who has waited too long, with when to come again, and nobody else', async () => {
    mock.timers.enable({ apis: ['setInterval'] });
    try {
      const { turns, served, refused, enter, leave, at } = opened();
      enter('other');
      for (let n = 0; n < 7; n++) enter('loud');
      enter('loud');
      at(1_500);
      enter('other');
      at(2_100);
      const late = turns.enter('loud', 1);
      mock.timers.tick(250);
      await Promise.resolve();
      assert.deepEqual(refused, ['loud']);
      at(5_000);
      mock.timers.tick(250);
      await assert.rejects(late ?? Promise.resolve(), { code: 'Throttled', innerCode: 'Overloaded', retryAfter: 1 });
      assert.deepEqual(refused, ['loud', 'other']);
      const before = served.length;
      await leave('other');
      enter('other');
      assert.equal(served.length, before + 1);
    } finally {
      mock.timers.reset();
    }
  });

  it('keeps no more waiting than there is room for, and refuses none who has hardly any', async () => {
    const { turns, enter } = opened();
    enter('other');
    for (let n = 0; n < 7 + 8_192; n++) enter('loud');
    assert.throws(() => turns.enter('loud', 1), { code: 'Throttled' });
    assert.notEqual(turns.enter('other', 1), undefined);
    for (let n = 0; n < 2; n++) turns.leave('loud', 1);
    assert.notEqual(turns.enter('loud', 1), undefined, 'there is room again');
  });

  it('gives every turn that was asked for, in whatever order others leave', async () => {
    const anyLimits = fc.constantFrom(OPERATIONS, REQUESTS);
    const name = fc.constantFrom('a', 'b', 'c');
    const asked = fc.array(fc.tuple(name, fc.integer({ min: 1, max: 6 })), { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(anyLimits, asked, fc.infiniteStream(fc.nat()), async (limits, calls, choices) => {
        const turns = new FairTurns(limits, () => 0);
        const atWork: (readonly [string, number])[] = [];
        for (const call of calls) {
          turns.notice(call[0]);
          const turn = turns.enter(...call);
          if (turn === undefined) atWork.push(call);
          else void turn.then(() => atWork.push(call));
        }
        let done = 0;
        for (; atWork.length > 0; done++) {
          const [left] = atWork.splice(Number(choices.next().value) % atWork.length, 1);
          if (left !== undefined) turns.leave(...left);
          await Promise.resolve();
        }
        assert.equal(done, calls.length);
      }),
    );
  });
});

describe('requests take turns', () => {
  it('lets who is alone have all at work, and counts each of several by itself', async () => {
    const { turns, served, enter, leave, at } = opened(REQUESTS);
    turns.notice('loud');
    assert.equal(turns.isAlone, true, 'then nobody needs a turn');
    enter('quiet');
    assert.equal(turns.isAlone, false);
    for (let n = 0; n < 40; n++) enter('loud');
    assert.equal(served.length, 1 + REQUESTS.amongOthers);
    for (let n = 0; n < REQUESTS.amongOthers; n++) enter('quiet');
    assert.equal(served.filter((name) => name === 'quiet').length, REQUESTS.amongOthers, 'whatever the loud one has');
    await leave('quiet');
    assert.equal(served.at(-1), 'quiet');
    await leave('loud');
    assert.equal(served.at(-1), 'loud');
    const before = served.length;
    at(5_000);
    await leave('loud');
    assert.equal(served.length, before + 40 - REQUESTS.amongOthers - 1, 'alone again: all that waited');
  });

  it('lets in who has waited long for their own, as these hang, and refuses none', () => {
    mock.timers.enable({ apis: ['setInterval'] });
    try {
      const { served, refused, enter, at } = opened(REQUESTS);
      enter('other');
      for (let n = 0; n < REQUESTS.amongOthers + 5; n++) enter('loud');
      at(1_000);
      enter('other');
      enter('loud');
      mock.timers.tick(250);
      assert.equal(served.filter((name) => name === 'loud').length, REQUESTS.amongOthers);
      at(2_500);
      mock.timers.tick(250);
      return Promise.resolve().then(() => {
        assert.equal(served.filter((name) => name === 'loud').length, REQUESTS.amongOthers + 5);
        assert.deepEqual(refused, []);
      });
    } finally {
      mock.timers.reset();
    }
  });
});

describe('one turn of the event loop', () => {
  const call = (): WholeCall => ({ request: { complete: true } }) as WholeCall;
  const outcome = {} as Outcome;

  function openedLoop(refresh: () => Promise<void> | undefined = () => undefined) {
    const done: string[] = [];
    const tell = (what: string) => () => void done.push(what);
    const loop = openLoopTurns({
      refresh: () => {
        done.push('look');
        return refresh();
      },
      judge: tell('judge'),
      write: tell('write'),
      withhold: tell('withhold'),
      serve: (_, waited) => done.push(waited ? 'serve late' : 'serve'),
      refuse: tell('refuse'),
    });
    return { loop, done };
  }
  const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  it('looks at the store once for all, and answers leave right after it', async () => {
    const { loop, done } = openedLoop();
    for (const size of [1, 1000]) {
      done.length = 0;
      for (let n = 0; n < size; n++) loop.arrive(call());
      loop.depart(call(), outcome);
      await nextTurn();
      assert.deepEqual(done, ['look', 'judge', 'write', ...Array.from({ length: size }, () => 'serve')]);
    }
  });

  it('judges and serves on what a look has found that took time', async () => {
    const looked = Promise.withResolvers<void>();
    const { loop, done } = openedLoop(() => looked.promise);
    const unfinished = { request: { complete: false } } as Call;
    loop.arrive(call());
    loop.arrive(unfinished);
    loop.depart(call(), outcome);
    await nextTurn();
    assert.deepEqual(done, ['look']);
    looked.resolve();
    await nextTurn();
    assert.deepEqual(done, ['look', 'judge', 'write', 'serve', 'serve late']);
  });

  it('gives nothing out and serves nobody where the store cannot be looked at', async () => {
    const { loop, done } = openedLoop(() => Promise.reject(new Error('locked')));
    loop.arrive(call());
    loop.depart(call(), outcome);
    await nextTurn();
    assert.deepEqual(done, ['look', 'withhold', 'refuse']);
  });

  it('withholds the one answer whose right is gone', async () => {
    const gone = call();
    const written: WholeCall[] = [];
    const withheld: WholeCall[] = [];
    const unused = () => assert.fail();
    const loop = openLoopTurns({
      refresh: () => undefined,
      judge: (each) => assert.notEqual(each, gone),
      write: (each) => written.push(each as WholeCall),
      withhold: (each) => withheld.push(each as WholeCall),
      serve: unused,
      refuse: unused,
    });
    const [first, last] = [call(), call()];
    for (const each of [first, gone, last]) loop.depart(each, outcome);
    await nextTurn();
    assert.deepEqual([written, withheld], [[first, last], [gone]]);
  });
});
