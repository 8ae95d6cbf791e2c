// Shows how far an upload is. Without scripts the form works as any other.
(() => {
  "use strict";

  const megabytes = (bytes) => `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)}\u202fMB`;

  document.addEventListener("htmx:xhr:progress", (event) => {
    const form = event.target.closest("[data-upload]");
    const { lengthComputable, loaded, total } = event.detail;
    if (!form || !lengthComputable || !total) return;
    const box = form.querySelector("[data-upload-progress]");
    box.hidden = false;
    box.querySelector("progress").value = loaded / total;
    box.querySelector("[data-upload-share]").textContent = `${megabytes(loaded)} of ${megabytes(total)}`;
    box.querySelector("[data-upload-words]").textContent = loaded < total ? "Uploading" : "Looking at the files";
  });

  document.addEventListener("htmx:afterRequest", (event) => {
    const box = event.target.closest("[data-upload]")?.querySelector("[data-upload-progress]");
    if (box && event.detail.failed) box.hidden = true;
  });
})();
