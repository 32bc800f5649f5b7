// The opening handshake (RFC 6455 §4), as pure functions for both roles: heads to bytes and back, and what they agree on.

export { acceptKey, createKey } from './accept-key.ts'
export {
  type Agreement,
  type ClientUpgrade,
  createUpgradeRequest,
  isUpgradeResponse,
  type UpgradeRequestOptions,
} from './client.ts'
export {
  type ExtensionFactory,
  type ExtensionOffer,
  type ExtensionParams,
  formatExtensions,
  parseExtensions,
} from './extensions.ts'
export { fieldValues, hasField, type HeaderFields, type HeaderFieldsInit, listElements } from './fields.ts'
export { type HeadLimits, HeadReader } from './head-reader.ts'
export { encodeRequest, encodeResponse, type Heads, type RequestHead, type ResponseHead } from './http1.ts'
export type { AllowedOrigins, OriginJudge } from './origin.ts'
export { type Refusal, type RefusalInit, refuse, refuseFault } from './refusal.ts'
export { type Acceptance, judgeUpgradeRequest, type UpgradeAnswerOptions } from './server.ts'
export { describeRequest, type UpgradeRequest } from './upgrade-request.ts'
