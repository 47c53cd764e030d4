// Entry of the supervisor, the process a user starts and stops. Says what happens, shows the demonstration, and ends
// with everything that it started.

import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { showWithoutDemo } from '../demo/summary.ts';
import { DEV_INSTANCE } from '../deployment/client-environment/variables.ts';
import { places } from '../deployment/data-layout.ts';
import { readDevClients } from '../deployment/dev-clients.ts';
import { ConfigError, readStartConfig, type StartConfig } from '../deployment/start-config.ts';
import { printable } from '../formats/printable.ts';
import { collectAtRest } from '../links/at-rest.ts';
import { startDemo } from './run-demo.ts';
import { type Supervisor, startSupervisor } from './start-supervisor.ts';
import { listenForStop } from './stop-signal.ts';
import { openServiceManager } from './systemd/service-manager.ts';
import { watchText } from './watch-text.ts';

function readConfig(): StartConfig {
  const { values } = parseArgs({
    options: {
      data: { type: 'string' },
      port: { type: 'string' },
      config: { type: 'string' },
      profile: { type: 'string' },
      'ready-file': { type: 'string' },
      'health-port': { type: 'string' },
      'no-demo': { type: 'boolean', default: false },
      verbose: { type: 'boolean', default: false },
    },
  });
  const { data, profile } = values;
  if (data === undefined || profile === undefined) throw new ConfigError('started by `./strongroom start` only');
  return readStartConfig({ ...values, profile }, {}, '');
}

async function main(): Promise<void> {
  const startedAt = performance.now();
  using stop = listenForStop(process.env['STRONGROOM_LAUNCHER']);
  const config = readConfig();
  using manager = await openServiceManager(process.env, say);
  void stop.requested.then(() => manager.stopping());
  const reporter = { report: say, fares: manager.fares, ...(config.verbose ? { show } : {}) };
  let demo: ReturnType<typeof startDemo> | undefined;
  await using supervisor = await startSupervisor(config, reporter, stop.requested, (state) => {
    // What is there is served before it is shown; where it is made by the demonstration, that loads beside the others.
    if (config.demo && !existsSync(places(state.dataRoot).instance(DEV_INSTANCE).config))
      demo = startDemo(state, stop.signal);
  });
  if (!stop.signal.aborted) {
    manager.ready();
    await serve(config, supervisor, startedAt, stop.signal, demo);
  }
  say(`stopping (${await stop.requested}) ...`);
}

async function serve(
  config: StartConfig,
  supervisor: Supervisor,
  startedAt: number,
  signal: AbortSignal,
  demo?: ReturnType<typeof startDemo>,
): Promise<void> {
  collectAtRest();
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  say(`serving on ${addressOf(supervisor)} after ${seconds} s, data in ${config.dataRoot}`);
  for (const line of watchText(supervisor.watch)) say(line);
  for (const { name, reason } of supervisor.failed) {
    say(`instance '${name}' does not serve: ${reason instanceof Error ? reason.message : String(reason)}`);
  }
  for (const [name, { activation, message }] of Object.entries(supervisor.state.instances)) {
    if (activation === 'Locked' || activation === 'Stopped') say(`instance '${name}': ${message}`);
  }
  // Shown, and told at the end by the exit code; the service itself goes on. One that is locked or stopped has nothing to show.
  const { activation = '' } = supervisor.state.instances[DEV_INSTANCE] ?? {};
  const isShut = activation === 'Locked' || activation === 'Stopped';
  const isDown = supervisor.failed.some(({ name }) => name === DEV_INSTANCE);
  if (config.demo && isDown) {
    say(`the demonstration is left out: '${DEV_INSTANCE}' does not serve. It goes on being tried; stop with Ctrl-C`);
    process.exitCode = 1;
  }
  // Who waits for the ready file needs the instance: one that was there serves, while the first start's is made on the way.
  const shows = config.demo && !isShut && !isDown;
  const isThere = shows && activation === 'Active';
  if (isThere) await supervisor.announce();
  if (shows && !(await (demo ?? startDemo(supervisor.state, signal))())) process.exitCode = 1;
  if (!shows) await demo?.(false);
  if (config.profile === 'dev' && !config.demo) {
    const { dataRoot } = config;
    showWithoutDemo(places(dataRoot), readDevClients(dataRoot), Object.keys(supervisor.state.instances));
  }
  if (!signal.aborted && !isThere) await supervisor.announce();
}

function addressOf({ state, port }: Supervisor): string {
  return state.profile === 'dev' ? `127.0.0.1:${port}` : `port ${port} as ${state.uris.arm}`;
}

function say(text: string): void {
  process.stderr.write(`strongroom: ${printable(text)}\n`);
}

function show(label: string, chunk: Buffer): void {
  for (const line of chunk.toString('utf8').split('\n'))
    if (line !== '') process.stderr.write(`[${label}] ${printable(line)}\n`);
}

try {
  await main();
  say('stopped');
} catch (error) {
  process.exitCode = 1;
  if (error instanceof ConfigError) say(error.message);
  else throw error;
}
