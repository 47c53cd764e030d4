// Whoever is asked for a certificate may give the private key that lies beside it. That is worth more than "not a certificate".

/** @returns what is wrong, and what to do, after the file's name; undefined: it is something else */
export function takenForCertificate(name: string, content: Uint8Array): string | undefined {
  if (!/^-----BEGIN [A-Z ]*PRIVATE KEY-----/m.test(Buffer.from(content).toString('latin1'))) return undefined;
  const beside = name.replace(/\.[^./\\]*$/, '');
  return `is a private key: give the certificate (${beside}.cer or the like), and take this copy away unless it is its custodian's own`;
}
