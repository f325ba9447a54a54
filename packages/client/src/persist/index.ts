export { indexedDbPersist, indexedDbStore } from './indexed-db.ts';
export type { IndexedDbOptions } from './indexed-db.ts';
export { persistIn } from './persist.ts';
export type { PersistOptions } from './persist.ts';
export type { PersistStore, StoredPositions, StoredPublish } from './store.ts';
export type { Persist } from '../persisted.ts';
