// Where everything lies below one data directory. Names only: whoever owns a place makes it (0700).
import { join } from 'node:path';

export interface InstancePaths {
  readonly root: string;
  readonly config: string;
  /** Backup places that were added by command. */
  readonly backupTargetsFile: string;
  readonly tlsKey: string;
  readonly tlsCertificate: string;
  /** The only folder that the module process can reach. */
  readonly module: string;
  readonly store: string;
  readonly audit: string;
  /** What a start found that was refused for want of witnesses, and who accepts it. */
  readonly unwitnessed: string;
}

export interface ManagementPaths {
  readonly root: string;
  readonly audit: string;
  /** Of the module that signs it; it holds no keys but its own. */
  readonly module: string;
  /** The key that its checkpoints are verified with, as `audit verify --key` takes it. */
  readonly verifierKey: string;
}

export interface Places {
  readonly root: string;
  /** Development CA: `ca.pem` and its key. */
  readonly ca: string;
  readonly caCertificate: string;
  /** The CA's certificate with those that the system trusts, for clients; the same as Java reads it. */
  readonly caBundle: string;
  readonly trustStore: string;
  /** Files of the control process: directory, issuer keys, resources, its TLS key. */
  readonly control: string;
  readonly instances: string;
  /** The management plane's log, and what signs it. */
  readonly management: ManagementPaths;
  /** The record of purged instances, and their logs. */
  readonly purged: string;
  /** Shell lines and JSON that connect clients. */
  readonly env: string;
  readonly envLocal: string;
  /** Custodian key pairs that the dev profile makes for the instance `dev`. */
  readonly custodians: string;
  /** Where instances of the dev profile may keep full backups from the start. */
  readonly backups: string;
  /** What proves to the embedded issuer that an instance asks for its own identity's token. */
  readonly identityHeader: string;
  instance(name: string): InstancePaths;
}

export function places(root: string): Places {
  const at = (...parts: string[]): string => join(root, ...parts);
  return {
    root,
    ca: at('ca'),
    caCertificate: at('ca', 'ca.pem'),
    caBundle: at('ca', 'bundle.pem'),
    trustStore: at('ca', 'trust.p12'),
    control: at('control'),
    instances: at('instances'),
    management: {
      root: at('management'),
      audit: at('management', 'audit'),
      module: at('management', 'module'),
      verifierKey: at('management', 'verifier-key'),
    },
    purged: at('purged'),
    env: at('env.sh'),
    envLocal: at('env-local.sh'),
    custodians: at('custodians-development-only'),
    backups: at('backups'),
    identityHeader: at('control', 'identity-header'),
    instance(name) {
      const own = (...parts: string[]): string => at('instances', name, ...parts);
      return {
        root: own(),
        config: own('instance.json'),
        backupTargetsFile: own('backup-places.json'),
        tlsKey: own('tls', 'key.pem'),
        tlsCertificate: own('tls', 'certificate.pem'),
        module: own('module'),
        store: own('store'),
        audit: own('audit'),
        unwitnessed: own('unwitnessed.json'),
      };
    },
  };
}
