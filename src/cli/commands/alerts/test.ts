// `strongroom alerts test`: each rule, really fired, end to end, in a product that is thrown away.
import { places } from '../../../deployment/data-layout.ts';
import { makePrivateFolder } from '../../../files/private-folder.ts';
import { NEVER_SILENT } from '../../../watcher/alerts/rule.ts';
import { isGood, keepTest } from '../../alert-test/kept-test.ts';
import { CommandError, command } from '../../command.ts';
import { explained } from '../../explained.ts';
import { dataRootOf, requireOwn } from '../../running.ts';
import { table } from '../../show.ts';
import { configured } from './configured.ts';
import { alertOptions, ruleNamed } from './opened.ts';

export const test = command({
  name: 'alerts test',
  summary: 'make what each rule is for happen, in a throw-away product, and see who is told',
  operands: '[RULE...]',
  details: `
Starts a product of its own in memory, on loopback, with your rules and your receivers, and does there what each rule is for: grants an
administrator, opens a network, purges a key, stops an HSM. Nothing of it touches your HSMs. Receivers get messages that say that they
are a test; each is sent once, and one that is not taken at once is a failure. With --no-send a receiver of the command's own takes them all,
and nobody is bothered. Your rules and receivers are those of the
file that --config names, or else of the one that the running service was started with. Without RULE all rules that hold are tested, which takes some two minutes. A rule of your own that nothing of this makes come true
is shown as not tried. SECONDS are from the beginning of what was done until the last receiver had it.
The record is kept in alert-tests/ of the data directory; where alerts are configured the management plane's log has its hash (AlertsTested).
The exit code is 0 when every rule that was tried, or that you name, came true and was taken by everybody who is told of it, 1 otherwise.`,
  options: {
    'no-send': 'send nothing to your receivers: one of the command takes all',
    'to OUTLET...': 'only to this receiver; once for each',
    'config FILE': 'the configuration with your rules and receivers (default: that of the running service)',
    'on-disk': 'where memory has no room, make the product on a disk',
    ...alertOptions,
  },
  examples: ['strongroom alerts test --no-send', 'strongroom alerts test network-opened --to on-call'],
  async run(values, names, terminal) {
    const at = places(dataRootOf(values.data));
    requireOwn(at.root);
    const { settings: given, rules: all } = configured(at, values.config);
    const isQuiet = values['no-send'];
    const { outlets: receivers, off = [], ...settings } = given;
    if (receivers.length === 0 && !isQuiet)
      throw new CommandError('no receiver is configured (docs/guide/alerts.md); --no-send tests the rules alone');
    const unknown = values.to.find((name) => !receivers.some((each) => each.name === name));
    if (unknown !== undefined)
      throw new CommandError(
        `there is no outlet '${unknown}'; there are ${receivers.map(({ name }) => name).join(', ') || 'none'}`,
      );
    const outlets = receivers.filter(({ name }) => values.to.length === 0 || values.to.includes(name));
    const rules = names.length === 0 ? all : [...new Set(names)].map((name) => ruleNamed(all, name));
    // Something that an outlet is to fail at.
    const besides = rules.some(({ name }) => name === 'outlet-failing') ? NEVER_SILENT : undefined;
    const others = all.filter((rule) => !rules.includes(rule)).map(({ name }) => name);
    // Not found out after two minutes.
    explained(() => makePrivateFolder(at.alertTests), { Error: '' });
    const startedAt = new Date();
    // Other commands of this word need none of it.
    const { testAlerts } = await import('../../alert-test/run-test.ts');
    const tested = await testAlerts(
      {
        ...{
          settings: { ...settings, outlets, off: [...off, ...others.filter((name) => name !== besides)] },
          rules,
          isQuiet,
        },
        ...{ areNamed: names.length > 0, onDisk: values['on-disk'] },
      },
      terminal,
    );
    const { record, path } = await keepTest(at, { startedAt, isQuiet, rules: tested });
    const rows = record.rules.map(({ rule, outcome, seconds, outlets: told, did }) => [
      ...[rule, isGood({ outcome }) ? outcome : outcome.toUpperCase(), seconds?.toFixed(1) ?? '-'],
      ...[told.map(({ outlet, taken }) => (taken ? outlet : `${outlet} (no)`)).join(' ') || '-', did],
    ]);
    const reasons = record.rules.flatMap(({ rule, reason }) => (reason === undefined ? [] : [`${rule}: ${reason}\n`]));
    return {
      json: { ...record, record: path },
      text: table(['RULE', 'OUTCOME', 'SECONDS', 'TOLD TO', 'WHAT WAS DONE'], rows) + reasons.join(''),
      hint: `the record is ${path}\n`,
      exit: record.passed ? 0 : 1,
    };
  },
});
