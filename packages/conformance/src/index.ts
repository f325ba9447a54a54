export { runBrokerSuite } from './broker/suite.ts';
export type { BrokerSuiteOptions, BrokerUnderTest, MakeBroker } from './broker/suite.ts';
export { rejection, secretCause, wireContract } from './wire/contract.ts';
export type { ChannelKind } from './wire/contract.ts';
export type { WireContext } from './wire/context.ts';
export { ordinaryTopics, topics } from './wire/options.ts';
export type { TestApi, TokenOptions, Topic, WireCase, WireOptions, WireTokens } from './wire/options.ts';
export { runWireSuite } from './wire/suite.ts';
