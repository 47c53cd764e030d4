// What an entry of the log says about one call, as far as explanations need it. The log is ours, but its files may have been
// edited: what does not read is left out, and nothing of it is believed to be more than text.
import { isGuid } from '../../formats/guid.ts';

export interface LoggedCall {
  readonly index: number;
  readonly trace: string;
  readonly time: string;
  readonly operation: string;
  readonly request: string;
  readonly status: number;
  /** The service's code of a refusal; `OK`. */
  readonly code: string;
  readonly innerCode?: string;
  readonly message: string;
  readonly decision?: string;
  readonly grant?: string;
  readonly dataAction?: string;
  readonly scope?: string;
  readonly address: string;
  /** `direct`, or `private:NAME`; absent: the public way. */
  readonly networkPath?: string;
  /** Absent: nobody had proven who they are. */
  readonly caller?: LoggedCaller;
  /** The instance's clock was not the system's. */
  readonly isClockMoved: boolean;
}

export interface LoggedCaller {
  readonly objectId: string;
  readonly applicationId?: string;
  readonly userName?: string;
  /** Known of denials only, as are the groups. */
  readonly type?: 'app' | 'user';
  readonly groups: readonly string[];
  /** In the token; more than `groups` where the entry keeps only the first. */
  readonly groupCount: number;
  readonly groupsLeftOut: boolean;
}

type Members = Readonly<Record<string, unknown>>;

/** Undefined: no entry of a call. */
export function readLoggedCall(index: number, bytes: Buffer): LoggedCall | undefined {
  const entry = parse(bytes.toString('utf8'));
  const trace = textIn(entry, 'correlationId');
  const time = textIn(entry, 'time');
  if (entry === undefined || trace === undefined || time === undefined) return undefined;
  const description = textIn(entry, 'resultDescription') ?? '';
  const status = entry['httpStatusCode'];
  const refused = entry['resultType'] === 'Failed';
  const inner = refused ? /^([A-Z]\w{2,39}): /.exec(description) : null;
  const caller = callerIn(entry);
  return {
    index,
    trace: trace.toLowerCase(),
    time,
    operation: textIn(entry, 'operationName') ?? 'Unknown',
    request: textIn(entry, 'requestUri') ?? '',
    status: typeof status === 'number' ? status : 0,
    code: textIn(entry, 'resultSignature') ?? '',
    ...(inner?.[1] === undefined ? {} : { innerCode: inner[1] }),
    message: inner === null ? description : description.slice(inner[0].length),
    ...member(entry, 'decision'),
    ...member(entry, 'grant'),
    ...member(entry, 'dataAction'),
    ...member(entry, 'scope'),
    address: textIn(entry, 'callerIpAddress') ?? '',
    ...member(object(entry['properties']), 'networkPath'),
    isClockMoved: typeof object(entry['properties'])?.['clockOffset'] === 'number',
    ...(caller === undefined ? {} : { caller }),
  };
}

function callerIn(entry: Members): LoggedCaller | undefined {
  const claim = object(parse(textIn(entry, 'identity') ?? '')?.['claim']);
  const claims = (name: string): Members | undefined => object(object(claim?.[name])?.['claims']);
  const objectId = claims('http_schemas_microsoft_com_identity')?.['objectidentifier'];
  if (!isText(objectId) || !isGuid(objectId)) return undefined;
  const applicationId = textIn(claim, 'appid');
  const userName = textIn(claims('http_schemas_xmlsoap_org_ws_2005_05_identity'), 'upn');
  const { callerType, groups, groupCount, groupsLeftOut } = object(entry['properties']) ?? {};
  const known = Array.isArray(groups) ? groups.filter(isText).filter(isGuid) : [];
  return {
    objectId: objectId.toLowerCase(),
    ...(applicationId === undefined ? {} : { applicationId }),
    ...(userName === undefined ? {} : { userName }),
    ...(callerType === 'app' || callerType === 'user' ? { type: callerType } : {}),
    groups: known.map((group) => group.toLowerCase()),
    groupCount: typeof groupCount === 'number' ? groupCount : known.length,
    groupsLeftOut: groupsLeftOut === true,
  };
}

function parse(text: string): Members | undefined {
  try {
    return object(JSON.parse(text));
  } catch {
    // An entry that was damaged, or no entry of ours.
    return undefined;
  }
}

function object(value: unknown): Members | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Members) : undefined;
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function textIn(members: Members | undefined, name: string): string | undefined {
  const value = members?.[name];
  return isText(value) && value !== '' ? value : undefined;
}

function member<K extends string>(members: Members | undefined, name: K): { readonly [N in K]?: string } {
  const value = textIn(members, name);
  return value === undefined ? {} : ({ [name]: value } as { readonly [N in K]?: string });
}
