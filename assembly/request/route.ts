import { Bytes, bytesOf } from "../bytes/bytes";
import { HttpSource } from "./header-facts";

// In Higress' Envoy, the names are top-level properties; in newer Envoys, configuration attributes.
// https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/advanced/attributes
const ROUTE_NAME = bytesOf("route_name");
const CLUSTER_NAME = bytesOf("cluster_name");
const XDS_ROUTE_NAME = bytesOf("xds\0route_name");
const XDS_CLUSTER_NAME = bytesOf("xds\0cluster_name");

/** The name of the request's route, or null. */
export function routeName(request: HttpSource): Bytes | null {
  const name = request.property(ROUTE_NAME);
  return name !== null ? name : request.property(XDS_ROUTE_NAME);
}

/** The name of the cluster that the route leads to, or null. */
export function clusterName(request: HttpSource): Bytes | null {
  const name = request.property(CLUSTER_NAME);
  return name !== null ? name : request.property(XDS_CLUSTER_NAME);
}
