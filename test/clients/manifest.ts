// The clients of today: programs that keep their keys in a Managed HSM, each in its newest released version, and what each
// is given in its test. `install.sh` installs them by stack; docs/reference/clients.md has a row for each.

export interface Client {
  /** As the page names it. */
  readonly name: string;
  /** What `install.sh` knows it by. */
  readonly stack: 'azure-cli' | 'azure-python' | 'go' | 'java' | 'javascript' | 'rust' | 'sops';
  /** The program of the stack's folder that uses it. */
  readonly program: string;
  /** Built-in roles, without "Managed HSM", that it needs for all that it does here. */
  readonly roles: readonly string[];
  /** What it is told beyond the lines of `strongroom env`. */
  readonly environment?: Readonly<Record<string, string>>;
}

export const CLIENTS: readonly Client[] = [
  { name: 'azure-cli', stack: 'azure-cli', program: 'keys', roles: ['Crypto User'] },
  { name: 'Python keys', stack: 'azure-python', program: 'keys', roles: ['Crypto User'] },
  { name: 'Go keys', stack: 'go', program: 'azkeys', roles: ['Crypto User', 'Crypto Officer'] },
  { name: 'Go keys, preview', stack: 'go', program: 'azkeys-preview', roles: ['Crypto User', 'Crypto Officer'] },
  { name: 'sigstore (cosign)', stack: 'go', program: 'sigstore', roles: ['Crypto User'] },
  { name: 'smallstep', stack: 'go', program: 'smallstep', roles: ['Crypto User'] },
  {
    name: 'HashiCorp go-kms-wrapping',
    stack: 'go',
    program: 'hashicorp',
    roles: ['Crypto Service Encryption User'],
    environment: {
      AZUREKEYVAULT_WRAPPER_VAULT_NAME: 'dev',
      AZUREKEYVAULT_WRAPPER_KEY_NAME: 'seal',
      AZURE_AD_RESOURCE: 'managedhsm.azure.net',
    },
  },
  { name: 'SOPS, library', stack: 'go', program: 'sops', roles: ['Crypto User'] },
  { name: 'SOPS, program', stack: 'sops', program: 'files', roles: ['Crypto User'] },
  { name: 'Java keys', stack: 'java', program: 'Keys', roles: ['Crypto User', 'Crypto Officer'] },
  { name: 'Java administration', stack: 'java', program: 'Administration', roles: ['Administrator'] },
  {
    name: 'SQL Server Always Encrypted (mssql-jdbc)',
    stack: 'java',
    program: 'AlwaysEncrypted',
    roles: ['Crypto User'],
  },
  { name: 'JavaScript keys', stack: 'javascript', program: 'keys', roles: ['Crypto User', 'Crypto Officer'] },
  { name: 'Rust keys', stack: 'rust', program: 'keys', roles: ['Crypto User', 'Crypto Officer'] },
];
