/**
 * Converts the data of an event to JSON and back, for types that {@link FieldKinds} do not cover: decimals,
 * `Temporal`, your own classes. `fromJson(toJson(data))` must equal `data`.
 */
export interface EventCodec<Data extends object = object> {
  /** Returns a copy of the data that JSON can hold without loss. */
  toJson(data: Data): object;
  /** Returns the data for stored JSON. JSON of an older schema version has been upcast before. */
  fromJson(json: object): Data;
}
