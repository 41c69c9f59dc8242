import type { CodegenConfig } from "@graphql-codegen/cli";

export default {
  // Or a server that lets its schema be read: "http://127.0.0.1:8000/graphql".
  schema: "../../../schema.graphql",
  documents: ["*.ts", "!codegen.ts"],
  generates: {
    "./gql/": {
      preset: "client",
      presetConfig: {
        fragmentMasking: false,
        // Writes gql/persisted-documents.json, which VIEWGRAPH_TRUSTED_DOCUMENTS takes.
        persistedDocuments: { hashAlgorithm: "sha256" },
      },
      config: {
        documentMode: "string",
        useTypeImports: true,
        // A scalar that is not listed here is a mistake, and no `any`.
        strictScalars: true,
        // As they stand in JSON.
        scalars: {
          Base64: "string",
          BigInt: "number",
          DateTime: "string",
          Decimal: "string",
          RangeBound: "string",
          TimeZone: "string",
        },
      },
    },
  },
} satisfies CodegenConfig;
