// With TRUSTED set, the documents go to persisted-queries.json, which VIEWGRAPH_TRUSTED_DOCUMENTS takes.
const persistConfig = { file: "./persisted-queries.json", algorithm: "SHA256" };

module.exports = {
  src: ".",
  schema: "../../../schema.graphql",
  language: "typescript",
  eagerEsModules: true,
  noSourceControl: true,
  excludes: ["**/node_modules/**", "**/__generated__/**"],
  // As they stand in JSON.
  customScalarTypes: {
    Base64: "string",
    BigInt: "number",
    DateTime: "string",
    Decimal: "string",
    RangeBound: "string",
    TimeZone: "string",
  },
  ...(process.env.TRUSTED && { persistConfig }),
};
