// Which of the control process's services a request is for, told by its Host header.
import type { ControlHost } from '../../http/control-row.ts';
import { hostsHere, type NameForm } from '../../http/name-form.ts';

interface HostMatch {
  readonly host: ControlHost;
  readonly names: NameForm;
  /** Configured origin of that host. */
  readonly origin: string;
}

/** Host names (lower case, no port) of all forms; `localhost` and the loopback addresses are the issuer of the last form. */
export function hostTable(forms: readonly NameForm[]): ReadonlyMap<string, HostMatch> {
  const table = new Map<string, HostMatch>();
  for (const names of forms) {
    for (const host of hostsHere(names)) table.set(new URL(names[host]).hostname, { host, names, origin: names[host] });
    for (const alias of names.loginAliases) table.set(alias, { host: 'login', names, origin: names.login });
  }
  const last = forms.at(-1);
  if (last !== undefined && hostsHere(last).includes('login')) {
    for (const name of ['localhost', '127.0.0.1', '[::1]']) {
      table.set(name, { host: 'login', names: last, origin: last.login });
    }
  }
  return table;
}

const AUTHORITY = /^([a-z0-9.-]{1,253}|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?$/;

/** Undefined: absent, malformed or not one of ours. */
export function matchHost(table: ReadonlyMap<string, HostMatch>, header: string | undefined): HostMatch | undefined {
  const name = AUTHORITY.exec((header ?? '').toLowerCase())?.[1];
  return name === undefined ? undefined : table.get(name);
}
