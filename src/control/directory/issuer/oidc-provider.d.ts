// The part of oidc-provider 9 that the embedded issuer uses; the package carries no types of its own.
declare module 'oidc-provider' {
  import type { IncomingMessage, ServerResponse } from 'node:http';

  export interface OidcContext {
    readonly provider: Provider;
    readonly client: { readonly clientId: string } | undefined;
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
    readonly isExpired: boolean;
    readonly consumed?: number;
    readonly clientId: string;
    save(): Promise<string>;
  }
  export interface AccessToken extends Token {
    readonly accountId?: string;
    readonly aud: string;
    resourceServer: ResourceServer;
  }
  interface UserGrantSource extends Token {
    accountId?: string;
    grantId?: string;
    resource?: string | string[];
    nonce?: string;
    consume(): Promise<void>;
  }
  interface DeviceCode extends UserGrantSource {
    readonly params: Readonly<Record<string, string | undefined>>;
  }
  interface AuthorizationCode extends UserGrantSource {
    readonly codeChallenge?: string;
    readonly codeChallengeMethod?: string;
    readonly redirectUri: string;
  }
  interface Grant extends Token {
    addOIDCScope(scope: string): void;
    addResourceScope(resource: string, scope: string): void;
  }
  interface IdToken {
    scope: string;
    mask: unknown;
    rejected: readonly string[];
    set(name: string, value: unknown): void;
    issue(options: { use: 'idtoken' }): Promise<string>;
  }
  export interface ResourceServer {
    readonly audience: string;
  }

  interface Model<T> {
    new (values: Readonly<Record<string, unknown>>): T;
    find(value: string, options?: { ignoreExpiration?: boolean }): Promise<T | undefined>;
  }

  export class Provider {
    constructor(issuer: string, configuration: Readonly<Record<string, unknown>>);
    static readonly ctx: Context | undefined;
    readonly Client: { readonly prototype: { compareClientSecret(actual: string): Promise<boolean> } };
    readonly OIDCContext: { readonly prototype: { clientJwtAuthExpectedAudience(): ReadonlySet<string> } };
    readonly ClientCredentials: Model<AccessToken>;
    readonly AccessToken: Model<AccessToken>;
    readonly RefreshToken: Model<UserGrantSource>;
    readonly AuthorizationCode: Model<AuthorizationCode>;
    readonly DeviceCode: Model<DeviceCode> & { findByUserCode(code: string): Promise<DeviceCode | undefined> };
    readonly Grant: Model<Grant>;
    readonly IdToken: new (
      claims: Readonly<Record<string, unknown>>,
      options: { ctx: Context },
    ) => IdToken;
    readonly ResourceServer: new (
      identifier: string,
      description: object,
    ) => ResourceServer;
    registerGrantType(name: string, handler: (ctx: Context) => Promise<void>, parameters: readonly string[]): void;
    use(middleware: (ctx: Context, next: () => Promise<void>) => Promise<void>): this;
    on(event: string, listener: (ctx: Context, error: Error) => void): this;
    callback(): (req: IncomingMessage, res: ServerResponse) => Promise<void>;
    interactionDetails(
      req: IncomingMessage,
      res: ServerResponse,
    ): Promise<{ readonly params: Readonly<Record<string, string | undefined>> }>;
    /** Returns where the browser has to go on. */
    interactionResult(
      req: IncomingMessage,
      res: ServerResponse,
      result: Readonly<Record<string, unknown>>,
    ): Promise<string>;
  }

  type OAuthError = new (description?: string, scope?: string) => Error & { readonly error: string };
  export const errors: Readonly<
    Record<
      | 'AuthorizationPending'
      | 'ExpiredToken'
      | 'InvalidClientAuth'
      | 'InvalidGrant'
      | 'InvalidRequest'
      | 'InvalidScope'
      | 'InvalidTarget',
      OAuthError
    >
  >;
}
