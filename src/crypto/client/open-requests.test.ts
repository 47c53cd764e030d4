import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { OpenRequests } from './open-requests.ts';

it('gives every answer to whoever asked, once, whatever the order and number', () => {
  const steps = fc.array(
    fc.oneof(fc.record({ ask: fc.integer({ min: 1, max: 200 }) }), fc.record({ answer: fc.nat() })),
  );
  fc.assert(
    fc.property(steps, (taken) => {
      const requests = new OpenRequests<{ readonly asked: number }>();
      const open = new Map<number, { readonly asked: number }>();
      let asked = 0;
      for (const step of taken) {
        if ('ask' in step) {
          for (let n = 0; n < step.ask; n += 1) {
            const value = { asked: (asked += 1) };
            const id = requests.add(value);
            assert.ok(!open.has(id), 'a number that is open was given again');
            open.set(id, value);
          }
        } else if (open.size > 0) {
          const id = [...open.keys()][step.answer % open.size] as number;
          assert.equal(requests.take(id), open.get(id));
          open.delete(id);
          assert.equal(requests.take(id), undefined, 'an answer that comes twice is nobody’s');
        }
        assert.equal(requests.size, open.size);
      }
      for (const id of [0, 4_294_967_295]) if (!open.has(id)) assert.equal(requests.take(id), undefined);
      assert.deepEqual(new Set(requests.takeAll()), new Set(open.values()));
      assert.equal(requests.size, 0);
    }),
  );
});
