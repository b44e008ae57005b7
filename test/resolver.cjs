// './x.js' in our own sources means './x.ts'; packages in node_modules are left alone
module.exports = (request, options) => {
  if (/^\.{1,2}\/.*\.js$/.test(request) && !options.basedir.includes('node_modules')) {
    try {
      return options.defaultResolver(request.replace(/\.js$/, '.ts'), options);
    } catch {
      /* a real .js file */
    }
  }
  return options.defaultResolver(request, options);
};
