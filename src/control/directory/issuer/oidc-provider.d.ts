// The part of oidc-provider 9 that the embedded issuer uses; the package carries no types of its own.
declare module 'oidc-provider' {
  import type { IncomingMessage, ServerResponse } from 'node:http';

  export interface Client {
    readonly clientId: string;
  }
  export interface OidcContext {
    readonly provider: Provider;
    readonly client: Client | undefined;
    readonly params: Readonly<Record<string, string | string[] | undefined>>;
    entity(name: string, value: unknown): void;
  }
  export interface Context {
    readonly req: IncomingMessage;
    readonly path: string;
    status: number;
    body: unknown;
    readonly oidc: OidcContext | undefined;
    set(name: string, value: string): void;
  }

  interface Token {
    readonly jti: string;
    readonly expiration: number;
    readonly isExpired: boolean;
    readonly consumed?: number;
    readonly clientId: string;
    readonly kind: string;
    save(): Promise<string>;
    destroy(): Promise<void>;
  }
  export interface AccessToken extends Token {
    readonly accountId?: string;
    readonly aud: string;
    resourceServer: ResourceServer;
    scope?: string | undefined;
  }
  interface UserGrantSource extends Token {
    accountId?: string;
    grantId?: string;
    scope?: string;
    resource?: string | string[];
    nonce?: string;
    consume(): Promise<void>;
  }
  export interface DeviceCode extends UserGrantSource {
    readonly params: Readonly<Record<string, string | undefined>>;
    authTime?: number;
    error?: string;
    errorDescription?: string;
  }
  export interface AuthorizationCode extends UserGrantSource {
    readonly codeChallenge?: string;
    readonly codeChallengeMethod?: string;
    readonly redirectUri: string;
  }
  export interface RefreshToken extends UserGrantSource {}
  export interface Grant extends Token {
    addOIDCScope(scope: string): void;
    addResourceScope(resource: string, scope: string): void;
  }
  export interface IdToken {
    scope: string;
    mask: unknown;
    rejected: readonly string[];
    set(name: string, value: unknown): void;
    issue(options: { use: 'idtoken' }): Promise<string>;
  }
  export interface ResourceServer {
    readonly audience: string;
  }
  export interface ResourceServerDescription {
    readonly audience: string;
    readonly scope: string;
    readonly accessTokenFormat: 'jwt';
    readonly accessTokenTTL: number;
    readonly jwt: { readonly sign: { readonly alg: 'RS256' } };
  }
  export interface InteractionDetails {
    readonly uid: string;
    readonly params: Readonly<Record<string, string | undefined>>;
  }

  interface Finder<T> {
    new (values: Readonly<Record<string, unknown>>): T;
    find(value: string, options?: { ignoreExpiration?: boolean }): Promise<T | undefined>;
  }

  export class Provider {
    constructor(issuer: string, configuration: Readonly<Record<string, unknown>>);
    static readonly ctx: Context | undefined;
    readonly issuer: string;
    proxy: boolean;
    readonly Client: { readonly prototype: { compareClientSecret(actual: string): Promise<boolean> } };
    readonly OIDCContext: { readonly prototype: { clientJwtAuthExpectedAudience(): ReadonlySet<string> } };
    readonly ClientCredentials: Finder<AccessToken>;
    readonly AccessToken: Finder<AccessToken>;
    readonly RefreshToken: Finder<RefreshToken>;
    readonly AuthorizationCode: Finder<AuthorizationCode>;
    readonly DeviceCode: Finder<DeviceCode> & {
      findByUserCode(code: string): Promise<DeviceCode | undefined>;
    };
    readonly Grant: Finder<Grant>;
    readonly IdToken: new (
      claims: Readonly<Record<string, unknown>>,
      options: { ctx: Context },
    ) => IdToken;
    readonly ResourceServer: new (
      identifier: string,
      description: ResourceServerDescription,
    ) => ResourceServer;
    registerGrantType(name: string, handler: (ctx: Context) => Promise<void>, parameters: readonly string[]): void;
    use(middleware: (ctx: Context, next: () => Promise<void>) => Promise<void>): this;
    on(event: string, listener: (ctx: Context, error: Error) => void): this;
    callback(): (req: IncomingMessage, res: ServerResponse) => Promise<void>;
    interactionDetails(req: IncomingMessage, res: ServerResponse): Promise<InteractionDetails>;
    /** Returns where the browser has to go on. */
    interactionResult(
      req: IncomingMessage,
      res: ServerResponse,
      result: Readonly<Record<string, unknown>>,
      options?: { mergeWithLastSubmission?: boolean },
    ): Promise<string>;
  }
  export namespace errors {
    class InvalidRequest extends Error {
      constructor(description?: string);
    }
    class InvalidGrant extends Error {
      constructor(detail?: string);
    }
    class InvalidClientAuth extends Error {
      constructor(detail?: string);
    }
    class InvalidTarget extends Error {
      constructor(description?: string);
    }
    class InvalidScope extends Error {
      constructor(description: string, scope?: string);
    }
    class AuthorizationPending extends Error {}
    class ExpiredToken extends Error {
      constructor(description?: string);
    }
  }
}
