// A page of the guide as its reader follows it: the files that it shows, and the lines to paste, in their order. Each block of
// a page is one of these, by the comment before it: `<!-- file: PATH -->` or `<!-- recipe: NAME -->`.
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { connect } from 'node:tls';
import { type Ended, runIn } from '../conformance/run-in.ts';
import { CHECKOUT, cleanEnvironment, type RunningProduct } from '../support/running-product.ts';

export interface GuidePage {
  /** By path, seen from the folder of the checkout's neighbours. */
  readonly files: ReadonlyMap<string, string>;
  readonly recipes: readonly string[];
}

/** @throws Error for a block that is neither run nor written */
export async function readGuidePage(name: string): Promise<GuidePage> {
  const text = await readFile(join(CHECKOUT, 'docs/guide', name), 'utf8');
  const files = new Map<string, string>();
  const recipes: string[] = [];
  for (const [, mark, body = ''] of text.matchAll(/(?:^<!-- (.+) -->\n)?^```[a-z]*\n([^]*?)^```$/gm)) {
    const [kind, value = ''] = mark?.split(': ') ?? [];
    if (kind === 'file') files.set(value, body);
    else if (kind === 'recipe') recipes.push(body);
    else throw new Error(`${name}: the block that begins with ${JSON.stringify(body.split('\n')[0])} has no mark`);
  }
  return { files, recipes };
}

/** One recipe of a page that has other blocks as well. */
export async function recipeOf(name: string, recipe: string): Promise<string> {
  const text = await readFile(join(CHECKOUT, 'docs/guide', name), 'utf8');
  const body = text.split(`<!-- recipe: ${recipe} -->\n\`\`\`\n`)[1]?.split('```')[0];
  if (body === undefined) throw new Error(`${name} has no recipe ${recipe}`);
  return body;
}

/** Follows a page from a checkout whose service runs, in one shell, until a line of it fails. */
export async function follow(product: RunningProduct, name: string): Promise<Ended> {
  const { files, recipes } = await readGuidePage(name);
  const folder = await mkdtemp(join(tmpdir(), 'strongroom-guide-'));
  try {
    const checkout = join(folder, 'checkout');
    await mkdir(checkout);
    await writeFile(join(checkout, 'strongroom'), `#!/bin/sh\nexec '${join(CHECKOUT, 'strongroom')}' "$@"\n`);
    await chmod(join(checkout, 'strongroom'), 0o755);
    for (const [path, body] of files) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), body);
    }
    const env = { ...readersEnvironment(), STRONGROOM_DATA: product.data };
    return await runIn({ cwd: checkout, env, timeout: 900_000 }, 'sh', '-c', `set -e\n${recipes.join('')}`);
  } finally {
    // Go makes its caches read-only, not what is below this folder.
    await rm(folder, { recursive: true, force: true });
  }
}

/** The user's own: their programs and caches of packages, and what Node needs here to reach a registry. */
function readersEnvironment(): Record<string, string> {
  const { HOME, NODE_EXTRA_CA_CERTS } = process.env;
  const { PATH, ...clean } = cleanEnvironment();
  return {
    ...clean,
    // Without what npm puts before it for this run.
    PATH: (PATH ?? '')
      .split(delimiter)
      .filter((folder) => !folder.includes('node_modules'))
      .join(delimiter),
    ...(HOME === undefined ? {} : { HOME }),
    ...(NODE_EXTRA_CA_CERTS === undefined ? {} : { NODE_EXTRA_CA_CERTS }),
  };
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
