// The registered methods (RFC 9110 §16.1.1). `all()` covers these. Any other method needs a route of its own, and
// gets 501 if no route has it (RFC 9110 §9.1).
const REGISTERED = new Set(
  (
    'ACL BASELINE-CONTROL BIND CHECKIN CHECKOUT CONNECT COPY DELETE GET HEAD LABEL LINK LOCK MERGE MKACTIVITY ' +
    'MKCALENDAR MKCOL MKREDIRECTREF MKWORKSPACE MOVE OPTIONS ORDERPATCH PATCH POST PROPFIND PROPPATCH PUT QUERY REBIND ' +
    'REPORT SEARCH TRACE UNBIND UNCHECKOUT UNLINK UNLOCK UPDATE UPDATEREDIRECTREF VERSION-CONTROL'
  ).split(' '),
)

/** Whether a method is registered. */
export function isRegisteredMethod(method: string): boolean {
  return REGISTERED.has(method)
}

/** The longest method that the native side accepts, in characters. */
export const MAX_METHOD_CHARACTERS = 32
