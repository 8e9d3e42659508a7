// Types for the vendored file, from @types/leaflet where the type check runs.
export * from "leaflet";
