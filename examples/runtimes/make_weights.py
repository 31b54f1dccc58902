#!/usr/bin/env python3
"""usage: make_weights.py [FOLDER]

Writes the models of these examples, which are made up and tiny, into each example's folder below FOLDER (default: where
this file lies). They have the form that the runtimes expect, and know nothing.
"""

import io
import json
import os
import struct
import sys
import zipfile

WORDS = ["<unk>", "<s>", "</s>", "hello", "world", "a", "b", "c"]


def write(folder, name, content):
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(content if isinstance(content, bytes) else content.encode())


def write_json(folder, name, value):
    write(folder, name, json.dumps(value, indent=2) + "\n")


def numbers(count):
    return struct.pack("<%df" % count, *[(i % 17 - 8) / 16 for i in range(count)])


def safetensors(shapes):
    """A file of 32-bit tensors: {name: shape}."""
    header, data = {}, b""
    for name, shape in sorted(shapes.items()):
        count = 1
        for size in shape:
            count *= size
        header[name] = {"dtype": "F32", "shape": shape, "data_offsets": [len(data), len(data) + 4 * count]}
        data += numbers(count)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


def tokenizer(folder):
    write_json(folder, "tokenizer.json", {
        "version": "1.0", "added_tokens": [], "normalizer": None, "pre_tokenizer": {"type": "Whitespace"},
        "post_processor": None, "decoder": None,
        "model": {"type": "WordLevel", "vocab": {word: i for i, word in enumerate(WORDS)}, "unk_token": "<unk>"}})
    write_json(folder, "tokenizer_config.json", {
        "tokenizer_class": "PreTrainedTokenizerFast", "unk_token": "<unk>", "bos_token": "<s>", "eos_token": "</s>",
        "chat_template": "{% for m in messages %}{{ m['content'] }}\n{% endfor %}"})


def llama(folder):
    """A Llama of one layer, as transformers saves it."""
    hidden, middle, vocabulary = 8, 16, len(WORDS)
    write_json(folder, "config.json", {
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": hidden, "intermediate_size": middle,
        "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 2, "vocab_size": vocabulary,
        "max_position_embeddings": 64, "rms_norm_eps": 1e-5, "tie_word_embeddings": True, "torch_dtype": "float32",
        "bos_token_id": 1, "eos_token_id": 2})
    write_json(folder, "generation_config.json", {"bos_token_id": 1, "eos_token_id": 2, "max_new_tokens": 8})
    layer = "model.layers.0."
    write(folder, "model.safetensors", safetensors({
        "model.embed_tokens.weight": [vocabulary, hidden], "model.norm.weight": [hidden],
        layer + "input_layernorm.weight": [hidden], layer + "post_attention_layernorm.weight": [hidden],
        **{layer + "self_attn.%s_proj.weight" % part: [hidden, hidden] for part in "qkvo"},
        layer + "mlp.gate_proj.weight": [middle, hidden], layer + "mlp.up_proj.weight": [middle, hidden],
        layer + "mlp.down_proj.weight": [hidden, middle]}))
    tokenizer(folder)


def lora(folder, rank):
    """An adapter for that Llama, as PEFT saves it."""
    write_json(folder, "adapter_config.json", {
        "peft_type": "LORA", "task_type": "CAUSAL_LM", "base_model_name_or_path": "tiny-llama", "r": rank,
        "lora_alpha": 2 * rank, "target_modules": ["q_proj"], "bias": "none"})
    part = "base_model.model.model.layers.0.self_attn.q_proj.lora_%s.weight"
    write(folder, "adapter_model.safetensors", safetensors({part % "A": [rank, 8], part % "B": [8, rank]}))


def sentences(folder):
    """A BERT with its pooling, as sentence-transformers saves it."""
    hidden, middle, vocabulary = 8, 16, len(WORDS)
    write_json(folder, "config.json", {
        "architectures": ["BertModel"], "model_type": "bert", "hidden_size": hidden, "intermediate_size": middle,
        "num_hidden_layers": 1, "num_attention_heads": 2, "vocab_size": vocabulary, "max_position_embeddings": 16,
        "type_vocab_size": 2, "hidden_act": "gelu", "layer_norm_eps": 1e-12})
    write_json(folder, "modules.json", [
        {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
        {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
        {"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"}])
    write_json(folder, "1_Pooling/config.json", {"word_embedding_dimension": hidden, "pooling_mode_cls_token": True,
                                                 "pooling_mode_mean_tokens": False})
    part = "encoder.layer.0."
    shapes = {"embeddings.word_embeddings.weight": [vocabulary, hidden],
              "embeddings.position_embeddings.weight": [16, hidden],
              "embeddings.token_type_embeddings.weight": [2, hidden],
              part + "intermediate.dense.weight": [middle, hidden], part + "intermediate.dense.bias": [middle],
              part + "output.dense.weight": [hidden, middle], part + "output.dense.bias": [hidden]}
    for name in ("embeddings.LayerNorm", part + "attention.output.LayerNorm", part + "output.LayerNorm"):
        shapes.update({name + ".weight": [hidden], name + ".bias": [hidden]})
    for name in ("self.query", "self.key", "self.value", "output.dense"):
        shapes.update({part + "attention." + name + ".weight": [hidden, hidden],
                       part + "attention." + name + ".bias": [hidden]})
    write(folder, "model.safetensors", safetensors(shapes))
    tokenizer(folder)


def gguf():
    """A Llama of one layer in GGUF, version 3."""
    text, whole, real, bool_, array = 8, 4, 6, 7, 9

    def string(value):
        return struct.pack("<Q", len(value.encode())) + value.encode()

    def key(name, kind, packed):
        return string(name) + struct.pack("<I", kind) + packed

    def strings(values):
        return struct.pack("<IQ", text, len(values)) + b"".join(string(value) for value in values)

    hidden, middle, vocabulary = 8, 16, len(WORDS)
    keys = [key("general.architecture", text, string("llama")), key("general.name", text, string("tiny")),
            key("general.file_type", whole, struct.pack("<I", 0))]
    for name, value in (("context_length", 64), ("embedding_length", hidden), ("block_count", 1),
                        ("feed_forward_length", middle), ("attention.head_count", 2), ("attention.head_count_kv", 2),
                        ("rope.dimension_count", 4), ("vocab_size", vocabulary)):
        keys.append(key("llama." + name, whole, struct.pack("<I", value)))
    keys.append(key("llama.attention.layer_norm_rms_epsilon", real, struct.pack("<f", 1e-5)))
    keys += [key("tokenizer.ggml.model", text, string("llama")),
             key("tokenizer.ggml.tokens", array, strings(WORDS)),
             key("tokenizer.ggml.scores", array, struct.pack("<IQ", real, vocabulary) + numbers(vocabulary)),
             key("tokenizer.ggml.token_type", array,
                 struct.pack("<IQ", 5, vocabulary) + struct.pack("<%di" % vocabulary, 2, 3, 3, *[1] * (vocabulary - 3))),
             key("tokenizer.ggml.add_bos_token", bool_, b"\1"),
             key("tokenizer.chat_template", text, string("{% for m in messages %}{{ m['content'] }}{% endfor %}"))]
    shapes = {"token_embd.weight": [hidden, vocabulary], "output_norm.weight": [hidden],
              "blk.0.attn_norm.weight": [hidden], "blk.0.ffn_norm.weight": [hidden],
              **{"blk.0.attn_%s.weight" % part: [hidden, hidden] for part in ("q", "k", "v", "output")},
              "blk.0.ffn_gate.weight": [hidden, middle], "blk.0.ffn_up.weight": [hidden, middle],
              "blk.0.ffn_down.weight": [middle, hidden]}
    tensors, data = b"", b""
    for name, shape in shapes.items():
        data += b"\0" * (-len(data) % 32)
        tensors += string(name) + struct.pack("<I", len(shape)) + struct.pack("<%dQ" % len(shape), *shape)
        tensors += struct.pack("<IQ", 0, len(data))
        count = 1
        for size in shape:
            count *= size
        data += numbers(count)
    head = b"GGUF" + struct.pack("<IQQ", 3, len(shapes), len(keys)) + b"".join(keys) + tensors
    return head + b"\0" * (-len(head) % 32) + data


def onnx():
    """y = x + w over four numbers."""
    def field(number, value):
        if isinstance(value, int):
            return bytes([number << 3]) + bytes([value])
        value = value.encode() if isinstance(value, str) else value
        return bytes([number << 3 | 2, len(value)]) + value

    def tensor_info(name):
        shape = field(2, field(1, field(1, 4)))
        return field(1, name) + field(2, field(1, field(1, 1) + shape))

    node = field(1, "x") + field(1, "w") + field(2, "y") + field(3, "add") + field(4, "Add")
    weights = field(1, 4) + field(2, 1) + field(8, "w") + field(9, numbers(4))
    graph = field(1, node) + field(2, "tiny") + field(5, weights) + field(11, tensor_info("x"))
    graph += field(12, tensor_info("y"))
    return field(1, 8) + field(2, "mlpack examples") + field(7, graph) + field(8, field(2, 13))


HANDLER = """def handle(data, context):
    return [bytes(row.get("data") or row.get("body") or b"").decode() for row in data or []]
"""


def archive():
    """A model archive for TorchServe, which says what it is told."""
    manifest = {"runtime": "python", "archiverVersion": "0.12.0",
                "model": {"modelName": "echo", "modelVersion": "1.0", "handler": "echo.py"}}
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as zipped:
        for name, text in (("MAR-INF/MANIFEST.json", json.dumps(manifest, indent=2) + "\n"), ("echo.py", HANDLER)):
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.create_system, entry.external_attr = 3, 0o644 << 16
            zipped.writestr(entry, text)
    return data.getvalue()


CONFIG = """backend: "onnxruntime"
max_batch_size: 0
input [ { name: "x" data_type: TYPE_FP32 dims: [ 4 ] } ]
output [ { name: "y" data_type: TYPE_FP32 dims: [ 4 ] } ]
"""


def main(top):
    def folder(*parts):
        return os.path.join(top, *parts)

    for name in ("vllm", "sglang", "tgi", "tensorrt-llm", "nim", "ray-serve", "python"):
        llama(folder(name, "weights", "tiny-llama"))
    lora(folder("vllm", "weights", "shout"), 32)
    lora(folder("vllm", "weights", "whisper"), 8)
    sentences(folder("tei", "weights", "tiny-bert"))
    for name in ("llamacpp", "ollama"):
        write(folder(name, "weights"), "tiny.gguf", gguf())
    write(folder("triton", "weights", "models"), "add/1/model.onnx", onnx())
    write(folder("triton", "weights", "models"), "add/config.pbtxt", CONFIG)
    write(folder("onnxruntime", "weights"), "add.onnx", onnx())
    write(folder("torchserve", "weights"), "archives/echo.mar", archive())


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__)))
