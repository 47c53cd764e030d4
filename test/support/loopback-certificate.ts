// A certificate for 127.0.0.1 from an authority made for the test, also as files for programs that read them.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Issued, issueAuthority, issueServer } from '../../src/deployment/dev-ca/issue.ts';

export interface LoopbackCertificate extends Issued {
  readonly caFile: string;
  readonly certificateFile: string;
  readonly keyFile: string;
}

/** @param names further names that it is for */
export async function makeLoopbackCertificate(folder: string, ...names: string[]): Promise<LoopbackCertificate> {
  const authority = issueAuthority(new Date());
  const leaf = issueServer(authority, ['127.0.0.1', ...names], new Date());
  const write = async (name: string, text: string): Promise<string> => {
    const path = join(folder, name);
    await writeFile(path, text, { mode: 0o600 });
    return path;
  };
  return {
    ...leaf,
    caFile: await write('ca.pem', authority.certificate),
    certificateFile: await write('certificate.pem', leaf.certificate),
    keyFile: await write('key.pem', leaf.key),
  };
}
