"""The UNet that is timed, in plain PyTorch: Stable Diffusion 1.5's (Rombach et al. 2022), channels last in memory."""

import torch
from torch import nn
from torch.nn.functional import gelu, interpolate, scaled_dot_product_attention, silu

from vision_transformers import frequencies

GROUPS = 32


class ResidualBlock(nn.Module):
    def __init__(self, inputs, outputs, time_width):
        super().__init__()
        self.norm1, self.norm2 = nn.GroupNorm(GROUPS, inputs), nn.GroupNorm(GROUPS, outputs)
        self.conv1, self.conv2 = nn.Conv2d(inputs, outputs, 3, padding=1), nn.Conv2d(outputs, outputs, 3, padding=1)
        self.time = nn.Linear(time_width, outputs)
        self.shortcut = nn.Identity() if inputs == outputs else nn.Conv2d(inputs, outputs, 1)

    def forward(self, x, time):
        h = self.conv1(silu(self.norm1(x))) + self.time(time)[:, :, None, None]
        return self.shortcut(x) + self.conv2(silu(self.norm2(h)))


class Attention(nn.Module):
    """Of tokens to each other, or to a context's."""

    def __init__(self, width, heads, asked_width):
        super().__init__()
        self.heads = heads
        self.q = nn.Linear(width, width, bias=False)
        self.kv = nn.Linear(asked_width, 2 * width, bias=False)
        self.proj = nn.Linear(width, width)

    def forward(self, x, asked):
        B, N, C = x.shape
        q = self.q(x).view(B, N, self.heads, -1).transpose(1, 2)
        k, v = self.kv(asked).view(B, asked.shape[1], 2, self.heads, -1).permute(2, 0, 3, 1, 4)
        return self.proj(scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(B, N, C))


class SpatialTransformer(nn.Module):
    def __init__(self, width, heads, context_width):
        super().__init__()
        self.norm = nn.GroupNorm(GROUPS, width, eps=1e-6)
        self.proj_in, self.proj_out = nn.Linear(width, width), nn.Linear(width, width)
        self.norm1, self.norm2, self.norm3 = nn.LayerNorm(width), nn.LayerNorm(width), nn.LayerNorm(width)
        self.attn1, self.attn2 = Attention(width, heads, width), Attention(width, heads, context_width)
        self.gated, self.down = nn.Linear(width, 8 * width), nn.Linear(4 * width, width)

    def forward(self, x, context):
        B, C, H, W = x.shape
        h = self.proj_in(self.norm(x).permute(0, 2, 3, 1).reshape(B, H * W, C))
        asking = self.norm1(h)
        h = h + self.attn1(asking, asking)
        h = h + self.attn2(self.norm2(h), context)
        hidden, gate = self.gated(self.norm3(h)).chunk(2, -1)
        h = h + self.down(hidden * gelu(gate))
        return x + self.proj_out(h).view(B, H, W, C).permute(0, 3, 1, 2)


class Level(nn.Module):
    """Residual blocks, attention behind those that have one, and what changes the side."""

    def __init__(self, channels, attentions, time_width, heads, context_width, sampler=None):
        """channels: of the input and behind each residual block; attentions: how many blocks have one."""
        super().__init__()
        self.residuals = nn.ModuleList(ResidualBlock(i, o, time_width) for i, o in channels)
        widths = [o for _, o in channels[:attentions]]
        self.attentions = nn.ModuleList(SpatialTransformer(w, heads, context_width) for w in widths)
        self.sampler = sampler

    def stage(self, i, x, time, context):
        x = self.residuals[i](x, time)
        return self.attentions[i](x, context) if i < len(self.attentions) else x


class UNet(nn.Module):
    def __init__(self, resolution, channels, base, multipliers, attention_levels, residuals, heads, context_width):
        super().__init__()
        self.inputs = (channels, resolution)
        self.context_width = context_width
        self.base = base
        time_width = 4 * base
        widths = [base * m for m in multipliers]
        last = len(widths) - 1
        told = (time_width, heads, context_width)
        self.times = nn.Sequential(nn.Linear(base, time_width), nn.SiLU(), nn.Linear(time_width, time_width))
        self.conv_in = nn.Conv2d(channels, base, 3, padding=1)
        skips, width = [base], base
        self.down = nn.ModuleList()
        for level, w in enumerate(widths):
            shapes = [(width if i == 0 else w, w) for i in range(residuals)]
            sampler = nn.Conv2d(w, w, 3, stride=2, padding=1) if level < last else None
            self.down.append(Level(shapes, residuals if level in attention_levels else 0, *told, sampler))
            skips += [w] * (residuals + (sampler is not None))
            width = w
        self.middle = Level([(width, width)] * 2, 1, *told)
        self.up = nn.ModuleList()
        for level in reversed(range(len(widths))):
            w = widths[level]
            shapes = [((width if i == 0 else w) + skips.pop(), w) for i in range(residuals + 1)]
            sampler = nn.Conv2d(w, w, 3, padding=1) if level > 0 else None
            self.up.append(Level(shapes, len(shapes) if level in attention_levels else 0, *told, sampler))
            width = w
        self.norm, self.conv_out = nn.GroupNorm(GROUPS, base), nn.Conv2d(base, channels, 3, padding=1)
        self.to(memory_format=torch.channels_last)

    def forward(self, noisy, t, context):
        time = silu(self.times(frequencies(t, self.base)))
        x = self.conv_in(noisy.contiguous(memory_format=torch.channels_last))
        skips = [x]
        for level in self.down:
            for i in range(len(level.residuals)):
                x = level.stage(i, x, time, context)
                skips.append(x)
            if level.sampler is not None:
                x = level.sampler(x)
                skips.append(x)
        for i in range(len(self.middle.residuals)):
            x = self.middle.stage(i, x, time, context)
        for level in self.up:
            for i in range(len(level.residuals)):
                x = level.stage(i, torch.cat([x, skips.pop()], 1), time, context)
            if level.sampler is not None:
                x = level.sampler(interpolate(x, scale_factor=2.0, mode="nearest"))
        return self.conv_out(silu(self.norm(x)))
