// What an entry of the log says about one call, as far as explanations and counts need it. The log is ours, but its files may have been
// edited: what does not read is left out, and nothing of it is believed to be more than text.
import { isGuid } from '../../formats/guid.ts';

export type LoggedCall = ReturnType<typeof loggedCallOf>;
export type LoggedCaller = NonNullable<LoggedCall['caller']>;

type Members = Readonly<Record<string, unknown>>;

/** Undefined: no entry of a call. */
export function readLoggedCall(index: number, bytes: Buffer): LoggedCall | undefined {
  const entry = parseEntry(bytes.toString('utf8'));
  const call = entry === undefined ? undefined : loggedCallOf(index, entry);
  return call === undefined || call.trace === '' || call.time === '' ? undefined : call;
}

/** What is missing or does not read is empty. */
export function loggedCallOf(index: number, entry: Members) {
  const description = textIn(entry, 'resultDescription') ?? '';
  const status = entry['httpStatusCode'];
  const isFailed = entry['resultType'] === 'Failed';
  const [prefix = '', innerCode] = (isFailed && /^([A-Z]\w{2,39}): /.exec(description)) || [];
  const properties = object(entry['properties']);
  return {
    index,
    trace: (textIn(entry, 'correlationId') ?? '').toLowerCase(),
    time: textIn(entry, 'time') ?? '',
    operation: textIn(entry, 'operationName') ?? 'Unknown',
    request: textIn(entry, 'requestUri') ?? '',
    status: typeof status === 'number' ? status : 0,
    isFailed,
    /** The service's code of a refusal; `OK`. */
    code: textIn(entry, 'resultSignature') ?? '',
    innerCode,
    message: description.slice(prefix.length),
    decision: textIn(entry, 'decision'),
    grant: textIn(entry, 'grant'),
    /** `/keys/NAME/VERSION` that it was carried out with, or was about. */
    key: textIn(entry, 'key'),
    dataAction: textIn(entry, 'dataAction'),
    scope: textIn(entry, 'scope'),
    address: textIn(entry, 'callerIpAddress') ?? '',
    /** Of a change: `http/entry-detail.ts`. */
    detail: object(properties?.['detail']),
    /** `direct`, or `private:NAME`; undefined: the public way. */
    networkPath: textIn(properties, 'networkPath'),
    /** The instance's clock was not the system's. */
    isClockMoved: typeof properties?.['clockOffset'] === 'number',
    /** Undefined: nobody had proven who they are. */
    caller: callerIn(entry),
  };
}

export function callerIn(entry: Members) {
  const claim = object(parseEntry(textIn(entry, 'identity') ?? '')?.['claim']);
  const claims = (name: string): Members | undefined => object(object(claim?.[name])?.['claims']);
  const objectId = claims('http_schemas_microsoft_com_identity')?.['objectidentifier'];
  if (!isText(objectId) || !isGuid(objectId)) return undefined;
  const { callerType, groups, groupCount, groupsLeftOut } = object(entry['properties']) ?? {};
  const type: 'app' | 'user' | undefined = callerType === 'app' || callerType === 'user' ? callerType : undefined;
  const known = Array.isArray(groups) ? groups.filter(isText).filter(isGuid) : [];
  return {
    objectId: objectId.toLowerCase(),
    applicationId: textIn(claim, 'appid'),
    userName: textIn(claims('http_schemas_xmlsoap_org_ws_2005_05_identity'), 'upn'),
    /** Known of denials only, as are the groups. */
    type,
    groups: known.map((group) => group.toLowerCase()),
    /** In the token; more than `groups` where the entry keeps only the first. */
    groupCount: typeof groupCount === 'number' ? groupCount : known.length,
    groupsLeftOut: groupsLeftOut === true,
  };
}

/** Undefined: no JSON object. */
export function parseEntry(text: string): Members | undefined {
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
