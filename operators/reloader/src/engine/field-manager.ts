/** As whom the operator writes, as Stakater Reloader does: ownership of fields passes from one to the other. */
export const fieldManager = "Reloader";
