// A folder with a configuration, and OpenTofu in it: the built provider stands in for the one of a registry.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Ended, runIn } from '../conformance/run-in.ts';

export interface Workspace {
  readonly folder: string;
  write(name: string, text: string): Promise<void>;
  /** @throws what it printed, where it ended with another code than one of these (0 when none are named) */
  tofu(args: readonly string[], ...codes: readonly number[]): Promise<Ended>;
  /** Applies, and then finds nothing more to do. */
  settle(): Promise<void>;
}

/** @param tools the folder that `build.sh` filled */
export async function openWorkspace(
  folder: string,
  tools: string,
  environment: Readonly<Record<string, string>>,
): Promise<Workspace> {
  await mkdir(folder, { recursive: true });
  const settings = join(folder, 'tofu.rc');
  await writeFile(
    settings,
    `provider_installation {\n  dev_overrides {\n    "hashicorp/azurerm" = "${tools}"\n  }\n  direct {}\n}\n`,
  );
  const env = { ...environment, TF_CLI_CONFIG_FILE: settings, TF_IN_AUTOMATION: '1', CHECKPOINT_DISABLE: '1' };
  const tofu: Workspace['tofu'] = async (args, ...codes) => {
    const ended = await runIn({ cwd: folder, env, timeout: 3_600_000 }, join(tools, 'tofu'), ...args, '-no-color');
    if (!(codes.length === 0 ? [0] : codes).includes(ended.code ?? -1)) {
      throw new Error(`tofu ${args.join(' ')} ended with ${ended.code}\n${ended.stdout}\n${ended.stderr}`);
    }
    return ended;
  };
  return {
    folder,
    write: (name, text) => writeFile(join(folder, name), text),
    tofu,
    async settle() {
      await tofu(['apply', '-auto-approve']);
      // 2 would be: there is something to change.
      await tofu(['plan', '-detailed-exitcode']);
    },
  };
}
