"""Settings of models, and of how they run."""

from __future__ import annotations

from typing import ClassVar, Final, Literal

from hindi_stt.settings.cores import available_cores
from hindi_stt.settings.fields import SettingsGroup, setting, split_list

__all__ = ["InferenceSettings", "ModelSettings"]

# The models that OpenAI's clients request by default.
_OPENAI_MODELS: Final = (
    "whisper-1",
    "gpt-4o-transcribe",
    "gpt-4o-transcribe-diarize",
    "gpt-4o-mini-transcribe",
    "gpt-4o-mini-transcribe-2025-03-20",
    "gpt-4o-mini-transcribe-2025-12-15",
    "gpt-transcribe",
    "gpt-live-transcribe",
    "gpt-realtime-whisper",
)

_Form = Literal["", "onnxruntime-fp32", "onnxruntime-int8", "openvino-fp32", "openvino-bf16", "openvino-int8"]


class ModelSettings(SettingsGroup):
    """Which models the server has, and by which names and languages requests choose one."""

    title: ClassVar[str] = "Models"

    model: str = setting(
        "",
        "Bundle folder, or tag in the BentoML model store. Empty: the embedded model.",
        example="/models/hindi-medium",
    )
    models: str = setting(
        "",
        "Further models, with commas between: bundle folders, or tags in the store.",
        example="/models/marathi,tamil:latest",
    )
    model_aliases: str = setting(
        ",".join(_OPENAI_MODELS),
        "Further names, with commas between, that requests may use. They mean any model: the language decides, or else "
        "it is the first.",
        example="whisper-1,default",
    )
    other_languages: Literal["warn", "refuse"] = setting(
        "warn",
        "What happens to a request for a language without a model, where all models have one language: warn "
        "transcribes with that model and warns, refuse refuses the request.",
        example="refuse",
    )
    model_loading: Literal["start", "use"] = setting(
        "start",
        "When further models are loaded: at the start of the server, or at the first request that needs them.",
        example="use",
    )
    model_memory_mb: int = setting(
        0,
        "Bound on the ONNX files of the loaded models together. Past it, the model that was not used for longest is "
        "unloaded; the first one stays. 0: no bound.",
        example="2048",
        unit="MiB",
        ge=0,
    )

    speakers: str = setting(
        "",
        "Speaker bundle for diarize=true: a folder, or a tag in the BentoML model store. Empty: the newest one named "
        "speakers in the store, as 'hindi-stt models get speakers' makes it. It is loaded at the first such request.",
        example="/models/speakers",
    )

    model_hub: str = setting(
        "https://huggingface.co",
        "Where 'hindi-stt models get' downloads models from: http:// or https:// and the host of a hub like Hugging "
        "Face's, a mirror for instance. The token in HF_TOKEN is sent to it.",
        example="https://hub.example.com",
        pattern=r"^https?://[^\s/?#@]+$",
    )
    model_catalogue: str = setting(
        "",
        "A file of further models for 'hindi-stt models get', in the form of hindi_stt/catalogue/models.toml.",
        example="/etc/hindi-stt/models.toml",
    )

    @property
    def more_models(self) -> tuple[str, ...]:
        """Folders or tags of the further models."""
        return split_list(self.models)

    @property
    def aliases(self) -> tuple[str, ...]:
        """Further names of the models."""
        return split_list(self.model_aliases)


class InferenceSettings(SettingsGroup):
    """Settings of the model's runtime, and of batching and ordering its work."""

    title: ClassVar[str] = "Inference and scheduling"

    backend: _Form = setting(
        "",
        "Runtime and precision of every model; the same for all replicas that have to write the same texts. Those of "
        "openvino need the extra of that name. Empty: by the CPU, and by what the model was verified with "
        "(docs/models.md); 'hindi-stt bench --choose' measures which is fastest.",
        example="openvino-bf16",
    )
    precision: Literal["", "fp32", "int8"] = setting(
        "",
        "Which of a model's ONNX files ONNX Runtime runs. Empty: what backend says, or else the one that the model's "
        "export found best.",
        example="int8",
    )
    provider: Literal["cpu", "openvino", "cuda"] = setting(
        "cpu",
        "ONNX Runtime's execution provider. All but cpu need another build of ONNX Runtime: docs/deployment.md.",
        example="openvino",
    )
    threads: int = setting(
        0,
        "Threads of the runtime per run. 0: as many as the cores that the cgroup allows.",
        example="4",
        unit="threads",
        ge=0,
        le=1024,
    )
    max_batch_size: int = setting(
        16, "Most clips that the dispatcher puts into one batch.", example="8", unit="clips", gt=1, le=4096
    )
    max_batch_latency_ms: int = setting(
        120_000,
        "The dispatcher refuses requests that it predicts to take longer than this.",
        example="60000",
        unit="milliseconds",
        gt=0,
    )
    max_padding: float = setting(
        0.15,
        "Most padding in one model run, as a share of its frames; a batch with more is split.",
        example="0.1",
        unit="share",
        ge=0,
        lt=1,
    )
    scheduler: Literal["cost", "bentoml"] = setting(
        "cost",
        "What orders the runner's work: cost, this project's scheduler (one core for each clip), or bentoml, BentoML's "
        "dispatcher (batches).",
        example="bentoml",
    )
    second_session_mb: int = setting(
        512,
        "Largest weights of a model of which the cost scheduler keeps a second copy in memory, to run a clip that is "
        "alone on all cores. A larger model is kept once, and each clip runs on one core. 0: every model is kept once.",
        example="1024",
        unit="MiB",
        ge=0,
    )
    max_wait_s: float = setting(
        30.0,
        "Longest predicted wait of the work that the cost scheduler admits.",
        example="10",
        unit="seconds",
        gt=0,
    )
    api_workers: int = setting(1, "API worker processes.", example="2", unit="processes", gt=0, le=256)

    @property
    def effective_threads(self) -> int:
        """Threads per run of the model, with 0 resolved."""
        return self.threads or available_cores()
