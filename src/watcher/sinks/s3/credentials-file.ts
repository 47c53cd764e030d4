// A key to S3, in a file as other programs have it (`~/.aws/credentials`), with one profile.
import { SinkError } from '../sink.ts';

export interface S3Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** @throws SinkError that says nothing of what is in it */
export function readS3Credentials(text: string): S3Credentials {
  const found = new Map<string, string>();
  for (const [at, line] of text.split(/\r?\n/).entries()) {
    if (/^\s*(?:[#;].*|\[[^\]]*\]\s*)?$/.test(line)) continue;
    const [, name = '', value = ''] = /^\s*(\w+)\s*=\s*([\x21-\x7e]+)\s*$/.exec(line) ?? [];
    if (name === '' || found.has(name)) {
      const what = name === '' ? "must be 'name = value'" : `has ${name} a second time: the file has one profile`;
      throw new SinkError(`credentialsFile: line ${at + 1} ${what}`);
    }
    found.set(name, value);
  }
  const need = (name: string): string => {
    const value = found.get(name);
    if (value !== undefined) return value;
    throw new SinkError(`credentialsFile: ${name} is missing`);
  };
  const sessionToken = found.get('aws_session_token');
  return {
    accessKeyId: need('aws_access_key_id'),
    secretAccessKey: need('aws_secret_access_key'),
    ...(sessionToken === undefined ? {} : { sessionToken }),
  };
}
