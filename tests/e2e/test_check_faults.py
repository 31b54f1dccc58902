"""Images with one fault each, in which `mlpack check` finds that fault and nothing else. What is said of programs for the
CPU is compared with what happens when crun starts them."""

import json
import os
import shutil

from check_images import IS_AMD64, L4, LIB, LOADER, PACKAGES, TOKEN, CheckCase, compiled, host_file
from fake_elf import BINARY, PTX, elf, executing_pickle, fatbin, torch_archive
from harness import MIB, random_bytes


class FaultsOfPrograms(CheckCase):
    """Programs for the CPU: crun agrees."""

    def fails(self, image, *expected):
        document = self.finds(image, *expected)
        if os.geteuid() == 0:
            self.assertNotEqual(self.started().code, 0, document)
        return document

    def test_a_library_that_is_missing(self):
        image = self.healthy()
        compiled(self.dir, "libgreet.so.1", "extern \"C\" void greet() {}\n", "-shared", "-fPIC", "-Wl,-soname,libgreet.so.1")
        image.add("usr/bin/server", compiled(self.dir, "server", "extern \"C\" void greet();\nint main() { greet(); }\n",
                                             self.path("libgreet.so.1")))
        document = self.fails(image, "error library-missing")
        self.assertIn("`libgreet.so.1`", document["findings"][0]["what"])

    def test_a_library_that_is_there_is_found_by_runpath(self):
        image = self.healthy()
        greet = compiled(self.dir, "libgreet.so.1", "extern \"C\" void greet() {}\n", "-shared", "-fPIC",
                         "-Wl,-soname,libgreet.so.1")
        image.add("opt/app/libgreet.so.1", greet)
        image.add("usr/bin/server", compiled(self.dir, "server", "extern \"C\" void greet();\nint main() { greet(); }\n",
                                             self.path("libgreet.so.1"), "-Wl,-rpath,$ORIGIN/../../opt/app"))
        self.finds(image)
        if os.geteuid() == 0:
            self.assertEqual(self.started().code, 0)

    def with_greeting(self, place, content=None, mode=0o644):
        """A program that wants libgreet.so.1, and what is at that place."""
        image = self.healthy()
        greet = compiled(self.dir, "libgreet.so.1", "extern \"C\" void greet() {}\n", "-shared", "-fPIC",
                         "-Wl,-soname,libgreet.so.1")
        image.add("usr/bin/server", compiled(self.dir, "server", "extern \"C\" void greet();\nint main() { greet(); }\n",
                                             self.path("libgreet.so.1")))
        return image.add(place, greet if content is None else content(greet), mode)

    def runs(self, image):
        self.finds(image)
        if os.geteuid() == 0:
            self.assertEqual(self.started().code, 0)

    def test_libraries_are_looked_for_as_the_loader_does(self):
        folder = "usr/local/greet"
        for name, has_cache, finding in (("none", False, "error library-missing"), ("old", True, "error library-missing"),
                                         ("new", True, None)):
            with self.subTest(name):
                root = self.path("root-" + name)
                for path, content in (("etc/ld.so.conf", b"/%s\n" % folder.encode()), (folder + "/x", b"")):
                    os.makedirs(os.path.dirname(os.path.join(root, path)))
                    with open(os.path.join(root, path), "wb") as file:
                        file.write(content)
                image = self.with_greeting(folder + "/libgreet.so.1").add("etc/ld.so.conf", b"/%s\n" % folder.encode())
                if name == "new":
                    shutil.copy(self.path("libgreet.so.1"), os.path.join(root, folder))
                if has_cache:
                    self.run_tool("/sbin/ldconfig", "-X", "-r", root)
                    image.add("etc/ld.so.cache", host_file(root + "/etc/ld.so.cache"))
                if finding:
                    told = self.fails(image, finding)["findings"][0]
                    self.assertIn("`/%s`, of which the loader is not told" % folder, told["what"])
                    self.mlpack("check", "oci:" + self.layout, "--gpu", "L4", "--driver", "550.90.07")
                    self.mlpack("check", "oci:" + self.layout, "--gpu", "L4", "--gpu", "cpu", code=9)
                else:
                    self.runs(image)
                self.clean()

    def test_folders_that_the_loader_was_built_for(self):
        if not os.path.isdir("/usr/lib/x86_64-linux-gnu"):
            self.skipTest("no Debian for x86-64")
        self.fails(self.with_greeting("usr/lib64/libgreet.so.1"), "error library-missing")
        self.clean()
        self.runs(self.with_greeting("usr/lib/libgreet.so.1"))

    def test_a_library_that_the_user_may_not_read(self):
        self.fails(self.with_greeting("usr/lib/libgreet.so.1", mode=0o600), "error library-unreadable")
        self.clean()
        image = self.with_greeting("opt/greet/libgreet.so.1").add("opt/greet", None, 0o700)
        image.env["LD_LIBRARY_PATH"] = "/opt/greet"
        self.fails(image, "error library-unreadable")
        self.clean()
        image.add("opt/greet", None, 0o755)
        self.runs(image)

    def test_what_is_no_library_or_a_part_of_one(self):
        for name, content in (("cut", lambda whole: whole[:len(whole) // 2]), ("text", lambda _: b"none\n"),
                              ("empty", lambda _: b"")):
            with self.subTest(name):
                image = self.with_greeting("opt/greet/libgreet.so.1", content)
                image.env["LD_LIBRARY_PATH"] = "/opt/greet"
                image.add("usr/lib/libgreet.so.1", host_file(self.path("libgreet.so.1")))
                self.fails(image, "error library-broken")
                self.clean()
        image = self.healthy()
        program = compiled(self.dir, "static", "int main() {}\n", "-static")
        image.add("usr/bin/server", program[:4000])
        self.fails(image, "error entrypoint-not-a-program")

    def test_names_that_the_loader_puts_something_in_place_of(self):
        for value, place in (("$ORIGIN/../../opt/greet", "opt/greet"), ("${ORIGIN}/greet", "usr/bin/greet"),
                             ("greet", "app/greet"), ("/opt/greet", "opt/greet/tls")):
            with self.subTest(value):
                image = self.with_greeting(place + "/libgreet.so.1").add("app", None)
                image.config["WorkingDir"] = "/app"
                image.env["LD_LIBRARY_PATH"] = value
                self.runs(image)
                self.clean()

    def test_a_glibc_that_is_too_old(self):
        image = self.healthy()
        program = image.layers[0]["usr/bin/server"][0]
        self.assertIn(b"GLIBC_2.34", program)
        image.add("usr/bin/server", program.replace(b"GLIBC_2.34", b"GLIBC_2.99"))
        document = self.fails(image, "error symbol-version")
        self.assertIn("GLIBC_2.99", document["findings"][0]["what"])

    def test_a_libstdcxx_that_is_too_old(self):
        image = self.healthy()
        program = compiled(self.dir, "server", "#include <iostream>\nint main() { std::cout << 1; }\n")
        self.add_libraries(image, self.path("server"))
        self.assertIn(b"GLIBCXX_3.4\0", program)
        image.add("usr/bin/server", program.replace(b"GLIBCXX_3.4\0", b"GLIBCXX_9.4\0"))
        self.fails(image, "error symbol-version")

    def test_a_program_for_another_c_library(self):
        image = self.healthy()
        program = image.layers[0]["usr/bin/server"][0]
        self.assertIn(b"/lib64/ld-linux-x86-64.so.2\0", program)
        image.add("usr/bin/server", program.replace(b"/lib64/ld-linux-x86-64.so.2\0", b"/lib/ld-musl-x86_64.so.1\0\0\0\0"))
        self.fails(image, "error interpreter-missing")

    def test_a_script_without_its_interpreter(self):
        image = self.healthy().add("app/run", b"#!/usr/bin/python3 -u\nprint('up')\n")
        image.config["Cmd"] = ["/app/run"]
        self.fails(image, "error interpreter-missing")

    def test_a_program_without_execute_bits(self):
        image = self.healthy()
        image.add("usr/bin/server", image.layers[0]["usr/bin/server"][0], 0o644)
        self.fails(image, "error entrypoint-not-executable")

    def test_what_is_no_program(self):
        image = self.healthy()
        image.config["Cmd"] = ["/app/run"]
        for content in (b"", b"exec /usr/bin/server\n", b"\xef\xbb\xbf#!/usr/bin/server\n", b"#!\n", b"MZ\x90\0"):
            with self.subTest(content):
                image.add("app/run", content, 0o755)
                document = self.fails(image, "error entrypoint-not-a-program")
                self.assertIn("`/app/run` is", document["findings"][0]["what"])
                self.clean()

    def test_a_script_whose_interpreter_is_no_program(self):
        image = self.healthy().add("app/run", b"#!/app/shell\n").add("app/shell", b"nothing\n", 0o755)
        image.config["Cmd"] = ["/app/run"]
        document = self.fails(image, "error entrypoint-not-a-program")
        self.assertIn("`/app/shell`", document["findings"][0]["what"])

    def test_what_the_user_may_not_execute_or_reach(self):
        program = self.healthy().layers[0]["usr/bin/server"][0]
        loader = next(path for path in self.healthy().layers[0] if "/ld-" in path)
        for path, mode, closed in (("usr/bin/server", 0o700, None), ("app/server", 0o755, "app"), (loader, 0o644, None),
                                   ("app/run", 0o711, None)):
            with self.subTest(path):
                image = self.healthy()
                content = {loader: image.layers[0][loader][0], "app/run": b"#!/usr/bin/server\n"}.get(path, program)
                image.add(path, content, mode)
                image.config["Cmd"] = ["/" + (path if path != loader else "usr/bin/server")]
                if closed:
                    image.add(closed, None, 0o700)
                # A program that is an interpreter itself does not open its script.
                (self.finds if path == "app/run" else self.fails)(image, "error entrypoint-not-executable")
                self.clean()
        image = self.healthy().add("app", None, 0o750).add("app/server", program)
        image.config.update(Cmd=["/app/server"], User="1000:0")
        self.finds(image)
        if os.geteuid() == 0:
            self.assertEqual(self.started().code, 0)

    def test_interpreters_are_not_looked_for_in_path_and_get_one_argument(self):
        image = self.healthy().add("usr/bin/env", host_file("/usr/bin/env"))
        self.add_libraries(image, "/usr/bin/env")
        image.config["Cmd"] = ["/app/run"]
        for line in (b"#!server", b"#!/usr/bin/env server -u", b"#!/usr/bin/server/"):
            with self.subTest(line):
                image.add("app/run", line + b"\n")
                self.fails(image, "error interpreter-missing")
                self.clean()
        image.add("app/run", b"#!/" + b"usr/../" * 36 + b"usr/bin/server\n")
        self.fails(image, "error entrypoint-not-a-program")
        for line in (b"#!/usr/bin/env -S server -u", b"#!/usr/bin/server " + b"x" * 300):
            with self.subTest(line):
                self.clean()
                image.add("app/run", line + b"\n")
                self.finds(image)
                if os.geteuid() == 0:
                    self.assertEqual(self.started().code, 0)

    def test_scripts_whose_interpreters_are_scripts(self):
        for name, count, finding in (("circle", 0, "error interpreter-chain"), ("five", 5, None),
                                     ("six", 6, "error interpreter-chain")):
            with self.subTest(name):
                image = self.healthy()
                image.config["Cmd"] = ["/app/run0"]
                image.add("app/run0", b"#!/app/run0\n")
                for i in range(count):
                    image.add("app/run%d" % i, b"#!/%s\n" % (b"app/run%d" % (i + 1) if i + 1 < count else b"usr/bin/server"))
                if finding:
                    self.fails(image, finding)
                else:
                    self.runs(image)
                self.clean()

    def test_a_program_that_env_does_not_find(self):
        image = self.healthy().add("usr/bin/env", host_file("/usr/bin/env"))
        self.add_libraries(image, "/usr/bin/env")
        image.config["Cmd"] = ["env", "A=b", "python3", "-m", "app"]
        document = self.fails(image, "error entrypoint-missing")
        self.assertIn("`python3`", document["findings"][0]["what"])

    def test_a_working_folder_that_is_a_file(self):
        image = self.healthy()
        image.config["WorkingDir"] = "/usr/bin/server"
        self.fails(image, "error workdir-wrong")

    def test_a_program_that_is_not_there(self):
        image = self.healthy()
        image.config["Cmd"] = ["serve", "--port", "8000"]
        self.fails(image, "error entrypoint-missing")

    def test_a_program_that_an_upper_layer_removes(self):
        image = self.healthy()
        image.new_layer()
        image.add("usr/bin/.wh.server", b"")
        self.fails(image, "error entrypoint-missing")

    def test_no_command_at_all(self):
        image = self.healthy()
        del image.config["Cmd"]
        self.finds(image, "error no-command")


class FaultsOfConfigs(CheckCase):
    def test_a_server_that_is_told_to_listen_on_the_loopback(self):
        image = self.healthy()
        image.config.update(Cmd=["/usr/bin/server", "--host", "127.0.0.1"], ExposedPorts={"8000/tcp": {}})
        self.finds(image, "error loopback")

    def test_a_server_that_listens_on_the_loopback_by_itself(self):
        image = self.healthy()
        image.add("usr/bin/uvicorn", image.layers[0]["usr/bin/server"][0])
        image.config.update(Cmd=["uvicorn", "app.main:app"], ExposedPorts={"8000/tcp": {}})
        self.finds(image, "error loopback")
        image.config["Cmd"] += ["--host=0.0.0.0"]
        shutil.rmtree(self.path("image"))
        self.finds(image)

    def test_a_port_that_disagrees_with_the_server(self):
        image = self.healthy()
        image.config.update(Cmd=["/usr/bin/server", "--port", "9000"], ExposedPorts={"8000/tcp": {}})
        self.finds(image, "warning port-mismatch")

    def test_a_port_that_disagrees_with_what_the_runtime_has_itself(self):
        image = self.healthy()
        image.add("usr/bin/vllm", image.layers[0]["usr/bin/server"][0])
        image.config.update(Cmd=["vllm", "serve", "/models/m"], ExposedPorts={"80/tcp": {}},
                            Labels={"dev.mlpack.ports": "http=80"})
        self.finds(image, "error port-mismatch")

    def test_health_that_the_runtime_does_not_answer(self):
        image = self.healthy()
        image.add("usr/bin/vllm", image.layers[0]["usr/bin/server"][0])
        image.config.update(Cmd=["vllm", "serve", "/models/m"], Labels={"dev.mlpack.health.readiness": "/readyz"})
        self.finds(image, "warning health-mismatch")

    def test_a_variable_that_moves_the_ports_of_vllm(self):
        image = self.healthy()
        image.add("usr/bin/vllm", image.layers[0]["usr/bin/server"][0])
        image.config["Cmd"] = ["vllm", "serve", "/models/m"]
        image.env["VLLM_PORT"] = "8000"
        self.finds(image, "warning vllm-port")

    def test_a_health_check_of_docker_without_its_program(self):
        image = self.healthy()
        image.config["Healthcheck"] = {"Test": ["CMD", "curl", "-f", "http://localhost:8000/health"]}
        self.finds(image, "warning healthcheck-missing")

    def test_a_shell_as_the_first_process(self):
        image = self.healthy().add("bin/sh", host_file("/bin/sh"))
        image.config["Cmd"] = ["/bin/sh", "-c", "server --port 8000"]
        self.finds(image, "info shell-is-first")

    def test_a_user_without_a_line(self):
        image = self.healthy()
        image.config["User"] = "4321"
        image.env["HOME"] = "/tmp"
        self.finds(image, "warning user-without-passwd")

    def test_a_user_who_is_not_known(self):
        image = self.healthy()
        image.config["User"] = "somebody"
        self.finds(image, "error user-unknown")

    def test_a_home_that_may_not_be_written_to(self):
        image = self.healthy()
        image.add("home/app", None, 0o755, 0)
        self.finds(image, "warning home-not-writable")

    def test_a_cache_that_may_not_be_written_to(self):
        image = self.healthy()
        image.env["TRITON_CACHE_DIR"] = "/var/cache/triton"
        self.finds(image, "warning cache-not-writable")

    def test_a_home_of_cuda_that_is_no_folder(self):
        image = self.healthy()
        image.env["CUDA_HOME"] = "/usr/local/cuda:/usr/local/cuda-12"
        self.finds(image, "warning path-wrong")

    def test_an_empty_part_in_the_path_of_libraries(self):
        image = self.healthy()
        image.env["LD_LIBRARY_PATH"] = ":/usr/local/lib"
        self.finds(image, "warning path-with-empty-part")


class FaultsOfContents(CheckCase):
    def dangerous(self, path, content, what):
        document = self.finds(self.healthy().add(path, content), "error secret", code=11)
        self.assertIn(what, document["findings"][0]["what"])
        self.assertNotIn(TOKEN, json.dumps(document))

    def test_a_token_of_hugging_face_in_its_file(self):
        self.dangerous("root/.cache/huggingface/token", TOKEN.encode(), "a token")

    def test_a_token_of_hugging_face_in_a_program(self):
        self.dangerous("app/download.py", b"login(token='%s')\n" % TOKEN.encode(), "a token of Hugging Face")

    def test_credentials_of_aws(self):
        self.dangerous("root/.aws/credentials", b"[default]\naws_access_key_id = AKIA" + b"IOSFODNN7EXAMPL2\n", "a secret")

    def test_a_key_of_ngc(self):
        self.dangerous("root/.ngc/config", b"[CURRENT]\napikey = nva" + b"pi-" + b"Ab1_" * 16 + b"\n", "a key of NVIDIA NGC")

    def test_a_token_of_github(self):
        self.dangerous("root/.config/gh/hosts.yml", b"github.com:\n  oauth_token: gh" + b"o_" + b"a1B2c3" * 6 + b"\n",
                       "a token of GitHub")

    def test_a_private_key(self):
        self.dangerous("etc/ssl/private/server.key", b"-----BEGIN PRIVATE" + b" KEY-----\nMIIEvQ\n", "a private key")

    def test_a_secret_that_a_layer_above_hides(self):
        image = self.healthy().add("app/.env", b"HF_TOKEN=%s\n" % TOKEN.encode())
        for path in ("srv/one.key", "srv/two.key"):
            image.add(path, b"-----BEGIN PRIVATE" + b" KEY-----\nMIIEvQ\n")
        image.new_layer()
        image.add("app/.env", b"HF_TOKEN=\n").add("srv/.wh.one.key", b"")
        document = self.finds(image, "error secret", "error secret", "error secret", code=11)
        self.assertEqual([finding["file"] for finding in document["findings"]],
                         ["/srv/two.key", "/app/.env", "/srv/one.key"])
        self.assertIn("in layer 1 of 2", document["findings"][1]["what"])
        self.assertNotIn(TOKEN, json.dumps(document))
        self.clean()
        image.new_layer()
        image.add("srv/.wh..wh..opq", b"")
        document = self.finds(image, "error secret", "error secret", "error secret", code=11)
        self.assertEqual([finding["what"].count("in layer 1 of 3") for finding in document["findings"]], [1, 1, 1])
        self.clean()
        image = self.healthy().add("srv/two.key", b"-----BEGIN PRIVATE" + b" KEY-----\nMIIEvQ\n")
        image.new_layer()
        image.add("srv/two.key", b"-----BEGIN PRIVATE" + b" KEY-----\nMIIEvQ\n", 0o600)
        self.finds(image, "error secret", code=11)

    def test_a_secret_in_the_environment(self):
        image = self.healthy()
        image.env["HF_TOKEN"] = TOKEN
        document = self.finds(image, "error secret", code=11)
        self.assertIn("`HF_TOKEN`", document["findings"][0]["what"])
        self.assertNotIn(TOKEN, json.dumps(document))

    def test_a_pickle_that_runs_code(self):
        self.finds(self.healthy().add("models/m.pkl", executing_pickle()), "error pickle-code", code=11)

    def test_a_pickle_that_runs_code_within_what_torch_saves(self):
        image = self.healthy().add("models/pytorch_model.bin", torch_archive(executing_pickle()))
        self.finds(image, "error pickle-code", code=11)

    def test_a_pointer_of_lfs(self):
        image = self.healthy().add("models/model.safetensors", b"version https://git-lfs.github.com/spec/v1\n"
                                   b"oid sha256:" + b"0" * 64 + b"\nsize 123456\n")
        self.finds(image, "error lfs-pointer")

    def test_weights_that_are_there_twice(self):
        weights = random_bytes(2 * MIB)
        image = self.healthy().add("models/a/model.safetensors", weights).add("models/b/model.safetensors", weights)
        image.add("models/c/model.safetensors", random_bytes(2 * MIB, seed=2))
        self.finds(image, "warning weights-twice")

    def test_weights_in_two_forms(self):
        image = self.healthy().add("models/a/model.safetensors", random_bytes(2 * MIB))
        image.add("models/a/consolidated.safetensors", random_bytes(3 * MIB))
        self.finds(image, "warning weights-twice")

    def test_weights_that_a_layer_replaces(self):
        image = self.healthy().add("models/m.gguf", random_bytes(20 * MIB))
        image.new_layer()
        image.add("models/m.gguf", random_bytes(20 * MIB), 0o444)
        self.finds(image, "warning hidden-files")

    def test_a_shard_that_is_missing(self):
        index = {"metadata": {"total_size": 8}, "weight_map": {"a": "model-00001-of-00002.safetensors",
                                                               "b": "model-00002-of-00002.safetensors"}}
        image = self.healthy().add("models/model.safetensors.index.json", json.dumps(index).encode())
        image.add("models/model-00001-of-00002.safetensors", b"\x02\0\0\0\0\0\0\0{}")
        self.finds(image, "error shard-missing")

    def test_onnxruntime_twice(self):
        image = self.healthy()
        for name in ("onnxruntime-1.20.0", "onnxruntime_gpu-1.20.0"):
            image.add("%s/%s.dist-info/METADATA" % (PACKAGES, name), b"Name: x\n")
        self.finds(image, "error onnxruntime-twice")

    def test_bytecode_of_another_python(self):
        image = self.healthy()
        image.add("opt/venv/lib/python3.12/site-packages/x/__pycache__/x.cpython-38.pyc", b"\x55\x0d\x0d\x0a" + bytes(12))
        document = self.finds(image, "warning bytecode-of-other-python")
        self.assertIn("1 compiled module of Python 3.8", document["findings"][0]["what"])


class FaultsOfModels(CheckCase):
    """What vLLM is told of a model, and what its files say."""

    def served(self, *words, **config):
        image = self.healthy().add("usr/bin/vllm", b"#!/usr/bin/server\n", 0o755)
        whole = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "num_attention_heads": 32, **config}
        image.add("models/llama/config.json", json.dumps(whole).encode())
        image.config.update(Cmd=["vllm", "serve", "/models/llama", "--host", "0.0.0.0", *words], ExposedPorts={"8000/tcp": {}})
        return image

    def test_a_model_that_fits_its_server(self):
        self.finds(self.served("--tensor-parallel-size", "1", quantization_config={"quant_method": "fp8"}), argv=L4)

    def test_a_number_of_gpus_that_does_not_divide_the_heads(self):
        self.finds(self.served("--tensor-parallel-size", "3"), "error model-not-divisible")

    def test_more_gpus_than_there_are(self):
        self.finds(self.served("-tp", "2"), "error gpus-too-few", argv=L4)

    def test_code_that_is_not_trusted(self):
        self.finds(self.served(auto_map={"AutoModel": "modeling.X"}), "warning model-code-not-trusted")

    def test_numbers_that_a_gpu_does_not_have(self):
        image = self.served("--dtype", "bfloat16", quantization_config={"quant_method": "fp8"})
        self.finds(image, "error model-dtype", "error model-quantisation", argv=["--gpu", "T4", "--driver", "570.86.15"])

    def test_a_chat_template_that_is_missing(self):
        image = self.served().add("models/llama/tokenizer_config.json", json.dumps({"unk_token": "x" * 70000}).encode())
        self.finds(image, "info chat-template-missing")
        shutil.rmtree(self.path("image"))
        self.finds(image.add("models/llama/chat_template.jinja", b"{{ messages }}"))

    def test_gguf_for_servers_that_do_not_read_it(self):
        image = self.served().add("models/llama/m.gguf", b"GGUF")
        for path in ("models/m-00001-of-00002.gguf", "models/m-00002-of-00002.gguf", "repository/m/1/m.gguf"):
            image.add(path, b"GGUF" + path.encode())
        for program in ("tritonserver", "llama-server"):
            image.add("usr/bin/" + program, b"#!/usr/bin/server\n", 0o755)
        for command, ports, finding in (
                (["vllm", "serve", "/models/llama/m.gguf", "--host", "0.0.0.0"], "8000/tcp", "warning gguf-experimental"),
                (["vllm", "serve", "/models/m-00001-of-00002.gguf", "--host", "0.0.0.0"], "8000/tcp", "warning gguf-experimental"),
                (["tritonserver", "--model-repository=/repository"], "8000/tcp", "error gguf-unread"),
                (["llama-server", "-m", "/models/llama", "--host", "0.0.0.0"], "8080/tcp", "error gguf-needed")):
            with self.subTest(finding):
                image.config.update(Cmd=command, ExposedPorts={ports: {}})
                self.finds(image, finding)
                shutil.rmtree(self.path("image"))

    def test_an_adapter_of_too_high_a_rank(self):
        image = self.served("--enable-lora", "--lora-modules", "sql=/adapters/sql")
        image.add("adapters/sql/adapter_config.json", json.dumps({"peft_type": "LORA", "r": 64}).encode())
        self.finds(image, "error adapter-rank")


class FaultsOfCuda(CheckCase):
    def setUp(self):
        super().setUp()
        if not IS_AMD64:
            self.skipTest("the libraries made by hand are for x86-64")

    def test_no_code_for_the_gpu(self):
        image = self.with_gpu()
        self.add_kernels(image, (BINARY, 70), (BINARY, 90))
        document = self.finds(image, "error gpu-code-missing", argv=L4)
        self.assertIn("L4 (8.9)", document["findings"][0]["what"])

    def test_no_code_in_a_library_that_nothing_loads(self):
        image = self.with_gpu()
        image.add(LIB + "/libunused.so.1", elf("libunused.so.1", ["libc.so.6"], data=fatbin((BINARY, 70))))
        self.finds(image, "warning gpu-code-missing", argv=L4)

    def test_ptx_that_is_newer_than_the_driver(self):
        image = self.with_gpu()
        self.add_kernels(image, (PTX, 80, (8, 7)))
        self.finds(image, "error gpu-code-too-new", argv=L4)

    def test_ptx_that_the_driver_compiles(self):
        image = self.with_gpu()
        self.add_kernels(image, (PTX, 80, (8, 4)))
        self.finds(image, "warning gpu-code-compiled", argv=L4)

    def test_two_majors_of_cuda_in_one_python(self):
        image = self.with_gpu()
        for major in ("12", "13"):
            image.add("%s/nvidia/cublas%s/lib/libcublas.so.%s" % (PACKAGES, major, major), elf("libcublas.so." + major))
        self.finds(image, "error cuda-majors", argv=("--gpu", "L4", "--driver", "580.65.06"))

    def test_two_majors_of_cudnn_in_one_python(self):
        image = self.with_gpu()
        for major in ("8", "9"):
            image.add("%s/nvidia/cudnn%s/lib/libcudnn.so.%s" % (PACKAGES, major, major), elf("libcudnn.so." + major))
        self.finds(image, "error cudnn-majors", argv=L4)

    def test_a_stub_of_the_driver_on_the_path(self):
        image = self.with_gpu()
        image.add("usr/local/cuda/lib64/stubs/libcuda.so", elf("libcuda.so.1"))
        self.finds(image, argv=L4)
        shutil.rmtree(self.path("image"))
        image.env["LD_LIBRARY_PATH"] = "/usr/local/cuda/lib64/stubs"
        self.finds(image, "error stub-on-path", argv=L4)

    def with_compat(self, cuda, branch, drivers):
        image = self.with_gpu()
        note = json.dumps({"CUDA Version": cuda, "Driver": drivers})
        image.add("usr/local/cuda/compat/libcuda.so.%s.10" % branch, elf("libcuda.so.1", note=note))
        image.link("usr/local/cuda/compat/libcuda.so.1", "libcuda.so.%s.10" % branch)
        image.env["LD_LIBRARY_PATH"] = "/usr/local/cuda/compat"
        return image

    def test_a_compat_library_that_does_not_take_the_driver(self):
        self.finds(self.with_compat("12.8", 570, [535, 560]), "error compat-803", argv=L4)

    def test_a_compat_library_that_is_older_than_the_driver(self):
        self.finds(self.with_compat("12.2", 535, [470, 525]), "error compat-803", argv=L4)

    def test_a_compat_library_on_a_gpu_for_games(self):
        self.finds(self.with_compat("12.8", 570, [535, 550]), "error compat-804",
                   argv=("--gpu", "RTX 4090", "--driver", "550.90.07"))

    def test_a_demand_that_the_driver_does_not_meet(self):
        image = self.with_gpu()
        image.env["NVIDIA_REQUIRE_CUDA"] = "cuda>=12.4"
        self.finds(image, argv=L4)
        shutil.rmtree(self.path("image"))
        image.env["NVIDIA_REQUIRE_CUDA"] = "cuda>=12.8"
        self.finds(image, "error require-unmet", argv=L4)

    def test_a_demand_that_is_malformed(self):
        image = self.with_gpu()
        image.env["NVIDIA_REQUIRE_CUDA"] = "cuda>=twelve"
        self.finds(image, "error require-malformed", argv=L4)

    def test_a_driver_that_is_too_old(self):
        image = self.with_gpu()
        image.env["NVIDIA_DISABLE_REQUIRE"] = "true"
        self.finds(image, "error driver-too-old", argv=("--gpu", "L4", "--driver", "470.57.02"))

    def test_capabilities_without_the_one_for_cuda(self):
        image = self.with_gpu()
        image.env["NVIDIA_DRIVER_CAPABILITIES"] = "graphics,utility"
        self.finds(image, "error driver-capabilities", argv=L4)

    def test_a_program_of_the_gpu_on_a_machine_without_one(self):
        self.finds(self.with_gpu(), "error driver-library-on-cpu", argv=(*L4, "--gpu", "cpu"))

    def test_triton_without_a_compiler(self):
        self.finds(self.with_torch(self.with_gpu()), "warning compiler-missing", argv=L4)

    def test_triton_with_a_compiler_without_pythons_headers(self):
        image = self.with_torch(self.with_gpu()).add("usr/bin/gcc", elf(needed=["libc.so.6"], interpreter=LOADER))
        document = self.finds(image, "warning compiler-missing", argv=L4)
        self.assertIn("has no Python.h", document["findings"][0]["what"])
        self.assertNotIn("compiler of C", document["findings"][0]["what"])

    def test_flashinfer_without_kernels(self):
        image = self.with_gpu().add(PACKAGES + "/flashinfer_python-0.2.dist-info/METADATA", b"Name: x\n")
        self.finds(image, "warning flashinfer-without-kernels", argv=L4)

    def test_what_is_not_known_is_told_and_fails_strictly(self):
        self.finds(self.with_gpu(), "info fleet-unknown")
        self.mlpack("check", "oci:" + self.layout, "--strict", code=9)
        self.mlpack("check", "oci:" + self.layout, "--gpu", "L4", "--strict", code=9)
        self.mlpack("check", "oci:" + self.layout, *L4, "--strict")
