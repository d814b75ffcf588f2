/** Unary calls over gRPC-Web, on the origin that served the page. */
import { createClient } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-web";
import { MarketService } from "./gen/tickmesh/market/v1/market_service_pb.ts";
import { ForecastService } from "./gen/tickmesh/model/v1/forecast_service_pb.ts";
import { MonitoringService } from "./gen/tickmesh/model/v1/monitoring_service_pb.ts";

/** How long a call may take: less than the server's own default, so that a lost part shows soon. */
const TIMEOUT_MS = 4000;

const transport = createGrpcWebTransport({ baseUrl: location.origin, defaultTimeoutMs: TIMEOUT_MS });

export const market = createClient(MarketService, transport);
export const forecasts = createClient(ForecastService, transport);
export const monitoring = createClient(MonitoringService, transport);
