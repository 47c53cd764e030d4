// Follows a page as its reader does: writes the files that it shows and runs its lines, block after block in one shell, in a
// checkout whose service runs, until a line of it fails. Nothing of it leaves a folder of its own.
import { chmod, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { connect } from 'node:tls';
import { type Ended, runIn } from '../conformance/run-in.ts';
import { CHECKOUT, cleanEnvironment, type RunningProduct } from '../support/running-product.ts';
import { type SystemProgram, skipUnless } from '../system-programs.ts';
import { readPage, type Step } from './blocks.ts';

const PROGRAMS: readonly SystemProgram[] = ['az', 'curl', 'go', 'jq', 'mvn', 'openssl', 'python3'];

export interface Followed extends Ended {
  /** The page and line of the block that was begun last. */
  readonly at: string;
}

export interface Reader {
  readonly product: RunningProduct;
  /** The user's own programs keep their caches of packages there. Absent: a folder that is thrown away. */
  readonly home?: string | undefined;
}

export async function follow(page: string, { product, home }: Reader): Promise<Followed> {
  const steps = await stepsOf(page);
  const folder = await mkdtemp(join(tmpdir(), 'strongroom-page-'));
  try {
    const checkout = join(folder, 'checkout');
    await mkdir(checkout);
    await mkdir(join(folder, 'home'));
    await writeFile(join(checkout, 'strongroom'), `#!/bin/sh\nexec '${join(CHECKOUT, 'strongroom')}' "$@"\n`);
    await chmod(join(checkout, 'strongroom'), 0o755);
    for (const { kind, value, body } of steps) {
      if (kind !== 'file') continue;
      await mkdir(dirname(join(folder, value)), { recursive: true });
      await writeFile(join(folder, value), body);
    }
    await symlink(product.data, join(checkout, 'data'));
    const env = { ...(await environment(steps, folder, product)), HOME: home ?? join(folder, 'home') };
    await writeFile(join(folder, 'page.sh'), script(page, steps, product));
    const ended = await runIn({ cwd: checkout, env, timeout: 900_000 }, 'sh', join(folder, 'page.sh'));
    return { ...ended, at: (await readFile(join(folder, 'at'), 'utf8').catch(() => page)).trim() };
  } finally {
    // Go makes its caches read-only, not what is below this folder.
    await rm(folder, { recursive: true, force: true });
  }
}

/** Why a page cannot be followed here. */
export async function unlessPrograms(page: string): Promise<false | string> {
  const text = (await stepsOf(page)).filter(isRun).map(({ body }) => body);
  return skipUnless(...PROGRAMS.filter((name) => new RegExp(`(^|[\\s(|])${name} `, 'm').test(text.join(''))));
}

async function stepsOf(page: string): Promise<readonly Step[]> {
  return readPage(await readFile(join(CHECKOUT, page), 'utf8')).steps;
}

function isRun({ kind }: Step): boolean {
  return kind === 'run' || kind === 'fails' || kind === 'given';
}

/** A page that says how to connect begins in a shell that is not; the others presume one, signed in to az. */
async function environment(
  steps: readonly Step[],
  folder: string,
  product: RunningProduct,
): Promise<Readonly<Record<string, string>>> {
  const { NODE_EXTRA_CA_CERTS } = process.env;
  const { PATH = '', ...clean } = cleanEnvironment();
  const reader = {
    ...clean,
    // Without what npm puts before it for this run.
    PATH: PATH.split(delimiter)
      .filter((each) => !each.includes('node_modules'))
      .join(delimiter),
    // What Node needs here to reach a registry.
    ...(NODE_EXTRA_CA_CERTS === undefined ? {} : { NODE_EXTRA_CA_CERTS }),
    STRONGROOM_DATA: product.data,
  };
  const connects = steps.some((step) => isRun(step) && /eval "\$\(\.\/strongroom env\b/.test(step.body));
  if (connects) return reader;
  const connected = await product.environment();
  const az = connected['AZURE_CONFIG_DIR'] ?? '';
  // A copy, so that a page which signs in as somebody else does so for itself.
  await cp(az, join(folder, 'az'), { recursive: true });
  return {
    ...connected,
    ...reader,
    AZURE_CONFIG_DIR: join(folder, 'az'),
    NODE_EXTRA_CA_CERTS: connected['NODE_EXTRA_CA_CERTS'] ?? '',
  };
}

function script(page: string, steps: readonly Step[], product: RunningProduct): string {
  const places = new Map<string, string>();
  const lines = ['set -e', 'FOLDER=$(cd .. && pwd)', `CHECKOUT='${CHECKOUT}'`];
  for (const step of steps) {
    const { kind, value, body, line } = step;
    if (kind === 'where') places.set(value, body);
    if (!isRun(step)) continue;
    lines.push(`echo '${page}:${line}' >"$FOLDER/at"`);
    const filled = [...places].reduce((text, [from, to]) => text.replaceAll(from, () => to), body);
    const ported = (kind === 'given' ? body : filled).replaceAll(':8443', `:${product.state.port}`);
    lines.push(kind === 'fails' ? refused(ported, value) : ported);
  }
  return `${lines.join('\n')}\n`;
}

/** The block has to fail and to say this. */
function refused(body: string, text: string): string {
  return `set +e
(set -e
${body}) >"$FOLDER/refused" 2>&1
REFUSED=$?
set -e
cat "$FOLDER/refused"
[ $REFUSED -ne 0 ] || { echo 'it did not fail' >&2; exit 1; }
grep -qF -e '${text.replaceAll("'", "'\\''")}' "$FOLDER/refused"`;
}

/** Why a test that fetches from these hosts cannot run here; in CI it has to. */
export async function unlessReached(...hosts: readonly string[]): Promise<false | string> {
  if (process.env['CI'] === 'true') return false;
  const reached = await Promise.all(hosts.map(isReached));
  const away = hosts.filter((_, index) => !reached[index]);
  return away.length > 0 && `needs the network: ${away.join(', ')} cannot be reached`;
}

function isReached(host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port: 443, servername: host, timeout: 60_000 });
    const done = (answer: boolean) => (): void => {
      resolve(answer);
      socket.destroy();
    };
    socket.once('secureConnect', done(true));
    socket.once('error', done(false));
    socket.once('timeout', done(false));
  });
}
