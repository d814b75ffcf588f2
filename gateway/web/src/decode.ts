/** A live message of JSON → the state that it makes. */
import { type DescMessage, fromJson, type JsonObject, type MessageShape } from "@bufbuild/protobuf";
import { StreamBarsResponseSchema } from "./gen/tickmesh/market/v1/market_service_pb.ts";
import { StreamSignalsResponseSchema } from "./gen/tickmesh/model/v1/forecast_service_pb.ts";
import { StreamAllocationsResponseSchema } from "./gen/tickmesh/portfolio/v1/optimizer_service_pb.ts";
import type { Channel } from "./socket.ts";
import { heard, type State, withAllocations, withBars, withSignals } from "./state.ts";

/** Takes one message of a channel; fields of a newer server are left aside. */
export function take(state: State, channel: Channel, data: JsonObject, now: number): State {
  switch (channel) {
    case "bars": {
      const message = read(StreamBarsResponseSchema, data);
      return withBars(heard(state, channel, message, now), message.bars);
    }
    case "signals": {
      const message = read(StreamSignalsResponseSchema, data);
      return withSignals(heard(state, channel, message, now), message.signals);
    }
    case "allocations": {
      const message = read(StreamAllocationsResponseSchema, data);
      return withAllocations(heard(state, channel, message, now), message.allocations);
    }
  }
}

function read<D extends DescMessage>(schema: D, data: JsonObject): MessageShape<D> {
  return fromJson(schema, data, { ignoreUnknownFields: true });
}
