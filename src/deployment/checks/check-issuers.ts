// Whether issuers are fit to guard real keys: one of a development data directory is not, since whoever reads that
// directory can make its tokens.
import { X509Certificate } from 'node:crypto';
import { ConfigError } from '../start-config.ts';
import type { TrustedIssuer } from '../trusted-issuers.ts';
import { readPlainFile } from './check-files.ts';

/** @throws ConfigError */
export function checkIssuers(issuers: readonly TrustedIssuer[]): void {
  for (const [at, issuer] of issuers.entries()) {
    const member = `issuers[${at}]`;
    const address = 'jwksUri' in issuer ? issuer.jwksUri : issuer.discovery;
    const { hostname } = new URL(address);
    const pem = issuer.caFile === undefined ? undefined : readPlainFile(issuer.caFile, `${member}.caFile`);
    if ('jwksUri' in issuer && issuer.keysFile !== undefined) readPlainFile(issuer.keysFile, `${member}.keysFile`);
    if (hostname.endsWith('.localhost') || (pem !== undefined && isDevelopment(pem, `${member}.caFile`))) {
      throw new ConfigError(
        `${member} is the embedded issuer of a dev profile (${address}): its secrets lie in a data directory. Set an issuer of ` +
          'your own: "issuers", "audiences", "armAudiences", and where its keys are, "discovery" or "jwksUri"',
      );
    }
  }
}

function isDevelopment(pem: string, member: string): boolean {
  try {
    return new X509Certificate(pem).subject.includes('Strongroom development authority');
  } catch (cause) {
    throw new ConfigError(`${member} is no certificate in PEM form`, { cause });
  }
}
