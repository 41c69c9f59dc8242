import { createGraphiQLFetcher } from "@graphiql/toolkit";
import { Kind, parse } from "graphql";

/**
 * What GraphiQL knows of a document lags 100 ms behind the editor. Whoever runs at once what was just
 * written would ask by the name of an operation that is gone, so the document that is sent decides.
 */
export function currentFetcher(options) {
  const fetcher = createGraphiQLFetcher(options);
  return (request, about) => {
    const document = parsed(request.query);
    if (!document) return fetcher(request, about);
    return fetcher(current(request, document), { ...about, documentAST: document });
  };
}

function current(request, document) {
  const operations = document.definitions.filter(({ kind }) => kind === Kind.OPERATION_DEFINITION);
  const meant = operations.find(({ name }) => name?.value === request.operationName) ?? operations[0];
  return { ...request, operationName: meant?.name?.value };
}

function parsed(query) {
  try {
    return parse(query);
  } catch {
    return undefined; // The server says what is wrong with it.
  }
}
