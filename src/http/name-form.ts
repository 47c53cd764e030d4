// One set of public names under which the whole service answers: where its resource manager, token issuer, Graph and
// instances are, and which audiences its tokens carry. The service can answer under several sets at once.

export interface NameForm {
  /** Shown as the cloud's name. */
  readonly name: string;
  /** Origins, port included unless 443, no trailing slash. */
  readonly arm: string;
  readonly login: string;
  readonly graph: string;
  /** Of these hosts those that somebody else serves; absent: none. */
  readonly elsewhere?: readonly ('login' | 'graph')[];
  /** Further host names of the token issuer. */
  readonly loginAliases: readonly string[];
  /** What follows an instance's name, port included unless 443: `.managedhsm.localhost:8443`. */
  readonly instanceSuffix: string;
  /** What follows an instance's name where it answers like a vault. */
  readonly vaultSuffix: string;
  /** The clients' configuration wants this too; nothing answers there. */
  readonly storageSuffix: string;
  /** The attestation authority that policies name when their author names none; absent: there is none such. */
  readonly attestation?: string;
  /** Accepted `aud` values, exact; the first is the one that clients are told to ask for. */
  readonly audiences: {
    readonly arm: readonly string[];
    readonly graph: readonly string[];
    readonly instances: readonly string[];
    readonly vaults: readonly string[];
  };
  /** Where clients that read the cloud's metadata sign in. Of one ending in `/adfs` they take the cloud for Azure Stack. */
  readonly loginEndpoint: string;
}

/** `https://{name}{suffix}` */
export function instanceOrigin(form: NameForm, instance: string): string {
  return `https://${instance}${form.instanceSuffix}`;
}

/** Of the management plane's hosts those that a form has here, and not somebody else. */
export function hostsHere({ elsewhere = [] }: NameForm): readonly ('arm' | 'login' | 'graph')[] {
  return (['arm', 'login', 'graph'] as const).filter((host) => host === 'arm' || !elsewhere.includes(host));
}

/** Whose host names a form has: the management plane's own, and what follows the names of instances; without ports. */
export function servedNames(form: NameForm): {
  readonly hosts: readonly string[];
  readonly suffixes: readonly string[];
} {
  return {
    hosts: [...hostsHere(form).map((host) => new URL(form[host]).hostname), ...form.loginAliases],
    suffixes: [form.instanceSuffix, form.vaultSuffix].map((suffix) => suffix.replace(/:\d+$/, '')),
  };
}

/** The host under which an instance takes what the resource manager hands on. It is in no table of names: only who knows the instance's port can ask for it. */
export function handedOnHost(instance: string): string {
  return `${instance.toLowerCase()}.resource-manager.internal`;
}
