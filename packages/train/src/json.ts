// Plain JSON values: what configurations, histories and the head of a checkpoint are made of.

/** A value that `JSON.stringify` keeps whole. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject

/** A plain object of such values. */
export interface JsonObject {
  readonly [name: string]: JsonValue
}
