// Where everything lies below one data directory. Names only: whoever owns a place makes it (0700).
import { join } from 'node:path';

export type Places = ReturnType<typeof places>;
export type ManagementPaths = Places['management'];
export type InstancePaths = ReturnType<Places['instance']>;

export function places(root: string) {
  const at = (...parts: string[]): string => join(root, ...parts);
  return {
    root,
    /** Development CA: `ca.pem` and its key. */
    ca: at('ca'),
    caCertificate: at('ca', 'ca.pem'),
    /** The CA's certificate with those that the system trusts, for clients; the same as Java reads it. */
    caBundle: at('ca', 'bundle.pem'),
    trustStore: at('ca', 'trust.p12'),
    /** Files of the control process: directory, issuer keys, resources, its TLS key. */
    control: at('control'),
    /** What it shows for its names. */
    controlCertificate: at('control', 'tls-certificate.pem'),
    instances: at('instances'),
    /** The management plane's log, and what signs it. */
    management: {
      root: at('management'),
      audit: at('management', 'audit'),
      /** Of the module that signs it; it holds no keys but its own. */
      module: at('management', 'module'),
      /** The key that its checkpoints are verified with, as `audit verify --key` takes it. */
      verifierKey: at('management', 'verifier-key'),
    },
    /** What the watcher keeps: how far it has told whom of which log. */
    watch: at('watch'),
    /** How far each log has been sent to each sink. */
    sinks: at('watch', 'sinks'),
    /** Records of tests of the alerts. */
    alertTests: at('alert-tests'),
    /** Indexes of logs, made from them alone. */
    index: at('index'),
    /** The record of purged instances, and their logs. */
    purged: at('purged'),
    /** Shell lines and JSON that connect clients. */
    env: at('env.sh'),
    envLocal: at('env-local.sh'),
    /** Custodian key pairs that the dev profile makes for the instance `dev`. */
    custodians: at('custodians-development-only'),
    /** Where instances of the dev profile may keep full backups from the start. */
    backups: at('backups'),
    /** What proves to the embedded issuer that an instance asks for its own identity's token. */
    identityHeader: at('control', 'identity-header'),
    /** The configuration that the last start in the production profile went by. It marks the data directory, too. */
    production: at('production.json'),
    instance(name: string) {
      const own = (...parts: string[]): string => at('instances', name, ...parts);
      return {
        root: own(),
        config: own('instance.json'),
        /** Backup places that were added by command. */
        backupTargetsFile: own('backup-places.json'),
        tlsKey: own('tls', 'key.pem'),
        tlsCertificate: own('tls', 'certificate.pem'),
        /** The only folder that the module process can reach. */
        module: own('module'),
        store: own('store'),
        audit: own('audit'),
        /** As above: of all logs. */
        index: at('index'),
        /** What a start found that was refused for want of witnesses, and who accepts it. */
        unwitnessed: own('unwitnessed.json'),
        /** Present while an operator wants it stopped. */
        stopFlag: own('stopped-by-operator'),
        /** Present while an operator wants its processes replaced; then why that failed, if it did. */
        replaceFlag: own('replace-processes'),
      };
    },
  };
}
