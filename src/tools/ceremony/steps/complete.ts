// Steps at the end: the HSM's own register is asked whether it is so, and people say what no machine can see.

import { oneLine } from '../../../formats/printable.ts';
import { Refusal } from '../../../formats/refusal.ts';
import { readRegister } from '../hsm.ts';
import { nextCommand, noteCommand, type Step } from '../step.ts';

/** @param everyShare whether the ceremony counts only when every share was shown to open */
export function complete(everyShare: boolean): Step {
  return {
    id: 'complete',
    title: 'Have the register confirm it',
    needs: 'nothing',
    instruction: () => "The HSM's register is asked who holds which share, and which of them were shown to open.",
    async run(ceremony, _given, service) {
      const { domain, domainFingerprint, margin, value, warnings } = await readRegister(service);
      // After a recovery that was cut off the HSM may not have seen the file; it warns of that.
      if (domain !== ceremony.requireFact('domain') && (everyShare || domain !== null)) {
        throw new Refusal(
          'the newest domain file of the HSM is another than that of this ceremony: somebody has downloaded one since. ' +
            `Note it with ${noteCommand(ceremony)} and begin anew`,
        );
      }
      const holders = value.filter(({ left }) => left === undefined);
      const unproven = holders.filter(({ proven }) => domain === null || proven?.domain !== domain);
      if (everyShare && unproven.length > 0) {
        const who = unproven.map(({ name, subject, custodian }) => oneLine(name ?? subject ?? custodian));
        throw new Refusal(`the register has no proof of the shares of ${who.join(', ')}`);
      }
      for (const warning of warnings) ceremony.add({ step: 'complete', what: 'answer', text: oneLine(warning) });
      return {
        done: `${holders.length} custodians, ${holders.length - unproven.length} shares proven, margin ${margin ?? 'unknown'}`,
        says: 'the register confirms it',
        facts: { 'domain.fingerprint': domainFingerprint },
      };
    },
  };
}

/** People say what they have done. */
export function statement(id: string, title: string, instruction: string): Step {
  return {
    id,
    title,
    needs: 'value',
    optional: true,
    instruction: (ceremony) => `${instruction} Give it with ${nextCommand(ceremony, '--value "TEXT"')}.`,
    async run(_ceremony, { values }) {
      const said = values.map((each) => oneLine(each)).filter((each) => each !== '');
      if (said.length === 0) throw new Refusal('nothing was said');
      return { done: said.join('; '), says: 'noted' };
    },
  };
}
