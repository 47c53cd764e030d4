// `strongroom status`: what runs, as the supervisor sees it.
import { command, dataOption, jsonOption } from '../command.ts';
import { dataRootOf, requireRunning } from '../running.ts';

export const status = command({
  name: 'status',
  summary: 'show the running processes and instances',
  operands: '',
  details: 'The exit code is 0 when every process and instance serves, 1 when something is missing or nothing runs.',
  options: { ...dataOption, ...jsonOption },
  examples: ['strongroom status', 'strongroom status --json --data /tmp/second'],
  async run({ data, json }, _operands, terminal) {
    const state = requireRunning(dataRootOf(data));
    const { pids, instances, uris } = state;
    const names = Object.keys(instances);
    if (json) terminal.out(`${JSON.stringify(state, null, 2)}\n`);
    else {
      terminal.out(`data        ${state.dataRoot}\n`);
      terminal.out(`port        ${state.port} (names and proxy)\n`);
      terminal.out(`supervisor  ${pids.supervisor}\ncontrol     ${pids.control ?? 'not running'}\n`);
      if (names.length === 0) terminal.out('instances   none\n');
      for (const name of names) {
        const own = pids.instances[name];
        terminal.out(
          `\n${name}  ${instances[name]?.activation}${instances[name]?.port === 0 ? ', not serving' : ''}\n`,
        );
        // Why it does not serve, or what it waits for.
        if (instances[name]?.activation !== 'Active') terminal.out(`  ${instances[name]?.message}\n`);
        terminal.out(`  ${uris.instances[name]?.azure}\n  ${uris.instances[name]?.local}\n`);
        terminal.out(
          `  recorder ${own?.recorder ?? 'not running'} · service ${list(own?.service)} · module ${list(own?.module)}\n`,
        );
      }
    }
    const well = pids.control !== null && names.every((name) => instances[name]?.port !== 0);
    return well ? 0 : 1;
  },
});

function list(pids: readonly number[] | undefined): string {
  return pids === undefined || pids.length === 0 ? 'not running' : pids.join(' ');
}
