/**
 * Turns the data of an event into JSON and back, for what {@link FieldKinds} do not cover: decimals, `Temporal`, a class of your own. The round trip
 * has to give back what went in.
 */
export interface EventCodec<Data extends object = object> {
  /** A copy of the data that JSON holds as it is. */
  toJson(data: Data): object;
  /** The data, made of what `toJson` gave, years ago maybe; what was stored under an older version comes upcast. */
  fromJson(json: object): Data;
}
