// The identity of an instance outside: what it shows to a storage that it keeps backups in.

/** Who the instance is to the storage, and where it gets the proof of it. */
export type InstanceIdentity =
  /** An application's secret, at any token endpoint of the OAuth client-credential grant. */
  | {
      readonly kind: 'clientCredential';
      readonly tokenEndpoint: string;
      readonly clientId: string;
      /** Holds the secret and nothing else. */
      readonly secretFile: string;
      readonly caFile?: string;
    }
  /** The metadata service of a virtual machine. */
  | { readonly kind: 'imds'; readonly endpoint?: string; readonly clientId?: string }
  /** The endpoint that App Service, Functions and Container Apps give a process; the header's value is in the file. */
  | {
      readonly kind: 'appService';
      readonly endpoint: string;
      readonly headerFile: string;
      readonly clientId?: string;
      readonly caFile?: string;
    };
