import type { CodegenConfig } from "@graphql-codegen/cli";

export default {
  schema: "../schema.graphql",
  documents: "src/**/*.graphql",
  generates: {
    "./src/gql/": {
      preset: "client",
      presetConfig: {
        fragmentMasking: { unmaskFunctionName: "read" },
        // Writes gql/persisted-documents.json, from which the server knows the documents.
        persistedDocuments: { hashAlgorithm: "sha256" },
      },
      config: {
        documentMode: "string",
        useTypeImports: true,
        enumsAsTypes: true,
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
