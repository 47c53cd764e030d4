// What `strongroom env` is asked for besides names: the format, and which hosts stay reachable without the proxy.

import { noProxyEntries, passedHost, splitDirect } from '../../../deployment/client-environment/direct-hosts.ts';
import { OUTPUT_FORMATS, type OutputFormat } from '../../../deployment/client-environment/output.ts';
import { printableLine } from '../../../formats/printable.ts';
import type { NameForm } from '../../../http/name-form.ts';
import { type Terminal, UsageError } from '../../command.ts';

export function formatOf(format: string | undefined, json: boolean): OutputFormat {
  const wanted = format ?? (json ? 'json' : 'sh');
  const found = OUTPUT_FORMATS.find((each) => each === wanted);
  if (found === undefined) throw new UsageError(`--format must be ${OUTPUT_FORMATS.join(', ')}, not '${wanted}'`);
  if (json && found !== 'json') throw new UsageError(`--json and --format ${found} exclude each other`);
  return found;
}

export function readPassed(text: string): string {
  const host = passedHost(text);
  if (host === undefined) {
    throw new UsageError(`--pass takes a host such as pypi.org, a .domain or an address, not '${printableLine(text)}'`);
  }
  return host;
}

/** What of `NO_PROXY` cannot stay is said; what was asked for and cannot be done is refused. */
export function directOf(passed: readonly string[], form: NameForm, terminal: Terminal): readonly string[] {
  const [refused] = splitDirect(passed, form).hiding;
  if (refused !== undefined) {
    throw new UsageError(`--pass ${refused} would lead round the proxy where Strongroom itself answers`);
  }
  const { direct, hiding } = splitDirect([...noProxyEntries(process.env), ...passed], form);
  if (hiding.length > 0) {
    const names = printableLine(hiding.join(', '));
    terminal.err(`NO_PROXY: left out ${names}, which would lead round the proxy where Strongroom answers\n`);
  }
  return direct;
}
