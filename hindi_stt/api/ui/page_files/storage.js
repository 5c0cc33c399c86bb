// localStorage and sessionStorage, which throw where the visitor has forbidden them or they are full.

const attempt = (action, otherwise) => {
  try { return action(); } catch { return otherwise; }
};

// The value of a name, null where there is none.
export const read = (name) => attempt(() => localStorage.getItem(name), null);

// Whether the value could be stored.
export const write = (name, value) => attempt(() => { localStorage.setItem(name, value); return true; }, false);

export const remove = (name) => attempt(() => localStorage.removeItem(name));

// All names that begin with a prefix, in their order.
export const namesOf = (prefix) => attempt(() => Object.keys(localStorage).filter((name) => name.startsWith(prefix)).sort(), []);

// Values that live as long as the tab.
export const readForTab = (name) => attempt(() => sessionStorage.getItem(name), null);
export const writeForTab = (name, value) => attempt(() => sessionStorage.setItem(name, value));
