// `strongroom network confirm`: the rules on trial stay. Given from where they let nobody through, it would be worth nothing.
import { CommandError, command } from '../../command.ts';
import { hsmNameOf, hsmNameOption } from '../../hsm-name.ts';
import { exchange, type Reply, type Route } from '../../https-exchange.ts';
import { type ManagedHsmClient, managementOptions, openManagedHsm } from '../../management-client.ts';

export const confirm = command({
  name: 'network confirm',
  summary: 'keep the network rules that are on trial',
  operands: 'NAME',
  details: `
Before it confirms, the command calls the data plane from here: when the rules on trial turn that call away, nothing is
confirmed. --from-elsewhere leaves that out, for the administrator whose machine is not meant to be let in. It is for those
who may change the HSM in the management plane; no role inside the HSM is needed.`,
  options: {
    ...hsmNameOption,
    'from-elsewhere': 'do not try whether this machine is let in',
    ...managementOptions,
  },
  examples: ['strongroom network confirm dev'],
  async run(values, operands, terminal) {
    const name = hsmNameOf(values['hsm-name'], operands);
    const hsm = await openManagedHsm(values, name);
    if (!values['from-elsewhere']) await checkLetIn(hsm);
    await hsm.ask('POST', '/networkTrial/confirm');
    terminal.out('The network rules are confirmed; they stay.\n');
    return 0;
  },
});

/** A request without a token: rules are judged before it, so nobody's rights matter. */
async function checkLetIn({ hsmUri, route }: ManagedHsmClient): Promise<void> {
  const { status, text } = await callFromHere(route, `${new URL(hsmUri).origin}/keys?api-version=7.6`);
  if (status === 401) return;
  const refused =
    status === 403 ? 'the rules on trial do not let this machine in' : `the data plane answered ${status}`;
  throw new CommandError(
    `${refused}; nothing was confirmed. --from-elsewhere confirms all the same.${status === 403 ? '' : ` ${text.slice(0, 300)}`}`,
  );
}

/** No answer is no proof either. */
async function callFromHere(route: Route, url: string): Promise<Reply> {
  try {
    return await exchange(route, { method: 'GET', url, headers: {} });
  } catch (error) {
    if (!(error instanceof CommandError)) throw error;
    throw new CommandError(`${error.message}; nothing was confirmed. --from-elsewhere confirms all the same.`, {
      cause: error,
    });
  }
}
