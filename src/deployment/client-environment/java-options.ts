// `JAVA_TOOL_OPTIONS`: Java reads neither the variables of proxies nor those of authorities. What the variable had is
// kept, and of its own options only those are replaced that are set here.
import { TRUST_STORE_PASSWORD } from '../../formats/trust-store.ts';
import type { ClientEnvironment } from './variables.ts';

/** @throws RangeError for a path that the variable cannot hold */
export function javaToolOptions(of: ClientEnvironment, before = ''): string {
  const own = {
    'javax.net.ssl.trustStore': of.trustStore,
    'javax.net.ssl.trustStoreType': 'PKCS12',
    'javax.net.ssl.trustStorePassword': TRUST_STORE_PASSWORD,
    'https.proxyHost': '127.0.0.1',
    'https.proxyPort': String(of.port),
    'http.nonProxyHosts': ['127.0.0.1', 'localhost', ...of.direct.flatMap(nonProxyHosts)]
      .filter((host, index, all) => all.indexOf(host) === index)
      .join('|'),
  };
  const kept = words(before).filter((word) => !Object.keys(own).some((name) => bare(word).startsWith(`-D${name}=`)));
  return [...kept, ...Object.entries(own).map(([name, value]) => quoted(`-D${name}=${value}`))].join(' ');
}

/** An entry of `NO_PROXY` as Java says it: it knows no ranges, and covers what is below a domain only by a star. */
function nonProxyHosts(entry: string): readonly string[] {
  if (entry.includes('/')) return [];
  if (entry.startsWith('.')) return [`*${entry}`];
  if (/^[\d.]+$/.test(entry)) return [entry];
  if (entry.split(':').length > 2) return [`[${entry}]`];
  const host = entry.replace(/:\d+$/, '');
  return [host, `*.${host}`];
}

/** Blanks separate options except within quotes; there are no escapes. */
function words(text: string): readonly string[] {
  return text.match(/(?:"[^"]*"?|'[^']*'?|[^\s"'])+/g) ?? [];
}

function bare(word: string): string {
  return word.replaceAll(/["']/g, '');
}

function quoted(option: string): string {
  if (!/[\s"']/.test(option)) return option;
  const quote = option.includes('"') ? "'" : '"';
  if (option.includes(quote) || /[\n\0]/.test(option)) {
    throw new RangeError(`JAVA_TOOL_OPTIONS cannot hold ${JSON.stringify(option)}: it has no way to escape quotes`);
  }
  return `${quote}${option}${quote}`;
}
